// Where the pixels of a warp come from: the steps of its map, a row at a time.
#include "warp.h"

#include <limits>

namespace phalanx {
namespace {

constexpr float kOutside = std::numeric_limits<float>::quiet_NaN();

// `y * m1 + m2` is the same along a first row; `x * m0` is added fused, as OpenCV's vectors do.
VECTORIZED void Affine(const double* values, float* __restrict xs, float* __restrict ys, int count) {
  float m[6];
  for (int i = 0; i < 6; i++) m[i] = static_cast<float>(values[i]);
  for (int i = 0; i < count; i++) {
    const float x = xs[i], y = ys[i];
    xs[i] = __builtin_fmaf(x, m[0], y * m[1] + m[2]);
    ys[i] = __builtin_fmaf(x, m[3], y * m[4] + m[5]);
  }
}

VECTORIZED void Perspective(const double* values, float* __restrict xs, float* __restrict ys, int count) {
  float m[9];
  for (int i = 0; i < 9; i++) m[i] = static_cast<float>(values[i]);
  for (int i = 0; i < count; i++) {
    const float x = xs[i], y = ys[i];
    const float w = __builtin_fmaf(x, m[6], y * m[7] + m[8]);
    xs[i] = __builtin_fmaf(x, m[0], y * m[1] + m[2]) / w;
    ys[i] = __builtin_fmaf(x, m[3], y * m[4] + m[5]) / w;
  }
}

// Of d, the distance from one centre: d (1 + k1 r + k2 r^2) from the other, r being its square in scaled units.
VECTORIZED void Radial(const double* v, float* __restrict xs, float* __restrict ys, int count) {
  const double centreX = v[0], centreY = v[1], scaleX = v[2], scaleY = v[3], k1 = v[4], k2 = v[5];
  const double toX = v[6], toY = v[7];
  for (int i = 0; i < count; i++) {
    const double dx = static_cast<double>(xs[i]) - centreX, dy = static_cast<double>(ys[i]) - centreY;
    const double sx = dx * scaleX, sy = dy * scaleY;
    const double r = sx * sx + sy * sy;
    const double factor = 1 + (k2 * r + k1) * r;
    xs[i] = static_cast<float>(dx * factor + toX);
    ys[i] = static_cast<float>(dy * factor + toY);
  }
}

// False for a point that an earlier step found outside: NaN, which arithmetic keeps.
inline bool Known(float x, float y) { return x > -kFar && x < kFar && y > -kFar && y < kFar; }

// A table of `length` values at whole positions, linear between them and beyond its ends as at them.
inline float Between(const float* table, int length, int stride, float position) {
  const float clamped = std::max(0.0f, std::min(static_cast<float>(length - 1), position));
  const int low = static_cast<int>(clamped);
  const int high = std::min(low + 1, length - 1);
  const float a = table[static_cast<int64_t>(low) * stride], b = table[static_cast<int64_t>(high) * stride];
  const float inside = a + (clamped - static_cast<float>(low)) * (b - a);
  return inside + (position - clamped);
}

void Separable(const Step& step, float* xs, float* ys, int count) {
  for (int i = 0; i < count; i++) {
    if (!Known(xs[i], ys[i])) continue;
    xs[i] = Between(step.mapX, step.outWidth, 1, xs[i]);
    ys[i] = Between(step.mapY, step.outHeight, 1, ys[i]);
  }
}

// Linear along x, then along y.
float Bilinear(const float* map, int width, int height, float x, float y) {
  const float cy = std::max(0.0f, std::min(static_cast<float>(height - 1), y));
  const int top = static_cast<int>(cy);
  const int bottom = std::min(top + 1, height - 1);
  const float a = Between(map + static_cast<int64_t>(top) * width, width, 1, x);
  const float b = Between(map + static_cast<int64_t>(bottom) * width, width, 1, x);
  return a + (cy - static_cast<float>(top)) * (b - a);
}

// Beyond its edges a map goes on with the displacement that it has there.
void Dense(const Step& step, float* xs, float* ys, int count) {
  const int width = step.outWidth, height = step.outHeight;
  const float right = static_cast<float>(width - 1), bottom = static_cast<float>(height - 1);
  for (int i = 0; i < count; i++) {
    if (!Known(xs[i], ys[i])) continue;
    const float cx = std::max(0.0f, std::min(right, xs[i])), cy = std::max(0.0f, std::min(bottom, ys[i]));
    const float mappedX = Bilinear(step.mapX, width, height, cx, cy) + (xs[i] - cx);
    ys[i] = Bilinear(step.mapY, width, height, cx, cy) + (ys[i] - cy);
    xs[i] = mappedX;
  }
}

// The first step starts at whole pixels, where tables are looked up as they are.
void FirstTables(const Step& step, int y, float* xs, float* ys, int count) {
  const bool dense = step.kind == StepKind::kDense;
  const int64_t row = dense ? static_cast<int64_t>(y) * step.outWidth : 0;
  std::copy(step.mapX + row, step.mapX + row + count, xs);
  if (dense) {
    std::copy(step.mapY + row, step.mapY + row + count, ys);
  } else {
    std::fill(ys, ys + count, step.mapY[y]);
  }
}

// A position outside of an image brought back as the border says.
float Folded(float v, int length, int border) {
  const float n = static_cast<float>(length);
  switch (border) {
    case kReplicate:
      return std::max(0.0f, std::min(n - 1, v));
    case kWrap:
      return v - n * std::floor((v + 0.5f) / n);
    case kReflect: {
      const float p = v + 0.5f - 2 * n * std::floor((v + 0.5f) / (2 * n));
      return (p < n ? p : 2 * n - p) - 0.5f;
    }
    case kReflect101: {
      if (length == 1) return 0;
      const float period = 2 * (n - 1);
      const float p = v - period * std::floor(v / period);
      return p < n ? p : period - p;
    }
    default:
      return v;
  }
}

void Fold(const Step& step, float* xs, float* ys, int count) {
  const float right = static_cast<float>(step.width) - 0.5f, bottom = static_cast<float>(step.height) - 0.5f;
  for (int i = 0; i < count; i++) {
    const bool inside = xs[i] >= -0.5f && xs[i] < right && ys[i] >= -0.5f && ys[i] < bottom;
    if (inside && step.fold != kReplicate) continue;
    const bool lost = step.fold == kConstant || !Known(xs[i], ys[i]);
    xs[i] = lost ? kOutside : Folded(xs[i], step.width, step.fold);
    ys[i] = lost ? kOutside : Folded(ys[i], step.height, step.fold);
  }
}

VECTORIZED void Limit(float* __restrict values, int count) {
  for (int i = 0; i < count; i++) {
    const float v = values[i];
    // In this order NaN becomes a number too.
    const float low = v > -kFar ? v : -kFar;
    values[i] = low < kFar ? low : kFar;
  }
}

}  // namespace

void MapRow(const Warp& w, int y, float* xs, float* ys) {
  for (int x = 0; x < w.outWidth; x++) xs[x] = static_cast<float>(x);
  std::fill(ys, ys + w.outWidth, static_cast<float>(y));
  bool first = true;
  for (const Step& step : w.steps) {
    switch (step.kind) {
      case StepKind::kAffine:
        Affine(step.values, xs, ys, w.outWidth);
        break;
      case StepKind::kPerspective:
        Perspective(step.values, xs, ys, w.outWidth);
        break;
      case StepKind::kRadial:
        Radial(step.values, xs, ys, w.outWidth);
        break;
      case StepKind::kSeparable:
      case StepKind::kDense:
        if (first) {
          FirstTables(step, y, xs, ys, w.outWidth);
        } else if (step.kind == StepKind::kDense) {
          Dense(step, xs, ys, w.outWidth);
        } else {
          Separable(step, xs, ys, w.outWidth);
        }
        break;
    }
    if (step.fold != kNoFold) Fold(step, xs, ys, w.outWidth);
    first = false;
  }
  Limit(xs, w.outWidth);
  Limit(ys, w.outWidth);
}

}  // namespace phalanx
