// Maps of elastic deformations: smoothed noise added to the coordinates of every pixel.
//
// What is smoothed by a wide Gaussian is smooth: it is computed exactly at every `stride`-th row and column and
// interpolated by cubics between them.
#include "convolve.h"
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {
namespace {

// A value of the table for every place, chosen by a hash of the seed and the place.
VECTORIZED void FillNoise(float* __restrict target, int64_t count, uint32_t seed, const float* __restrict table) {
  for (int64_t i = 0; i < count; i++) {
    uint32_t h = static_cast<uint32_t>(i) * 0x9e3779b9u + seed;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    h ^= h >> 16;
    target[i] = table[h >> 16];
  }
}

// noiseField(seed, table[65536], target)
Napi::Value NoiseField(const Napi::CallbackInfo& info) {
  const auto seed = static_cast<uint32_t>(IntegerArg(info, 0, "seed", 0, 0xffffffff));
  const auto table = SpanArg<float>(info, 1, "table", 65536);
  const auto target = SpanArg<float>(info, 2, "target");
  return AsyncKernel::Run(info, {target.owner, table.owner},
                          [=, t = table.data, o = target.data, n = target.length] {
                            FillNoise(o, static_cast<int64_t>(n), seed, t);
                          });
}

// Along one side of the image: where smoothed values are computed, and what they weigh in between.
struct Grid {
  int64_t length, stride, count;
  // `count` up to whole vectors.
  int64_t pitch;
  // Weights of four neighbours at each of `stride` places.
  std::vector<float> weights[4];

  Grid(int64_t side, int64_t step)
      : length(side), stride(step), count(step == 1 ? side : (side + step - 1) / step + 3) {
    pitch = (count + 31) / 32 * 32;
    for (int64_t i = 0; i < stride; i++) {
      const double t = static_cast<double>(i) / static_cast<double>(stride);
      weights[0].push_back(static_cast<float>(-t * (t - 1) * (t - 2) / 6));
      weights[1].push_back(static_cast<float>((t + 1) * (t - 1) * (t - 2) / 2));
      weights[2].push_back(static_cast<float>(-(t + 1) * t * (t - 2) / 2));
      weights[3].push_back(static_cast<float>((t + 1) * t * (t - 1) / 6));
    }
  }
  // Pixel of the j-th value; the first lies before the image where values are interpolated.
  int64_t PixelOf(int64_t j) const { return stride == 1 ? j : (j - 1) * stride; }
};

// Sums of sixteen lanes, so that the order does not depend on the machine. `taps` is a multiple of 16.
VECTORIZED float Dot(const float* __restrict a, const float* __restrict b, int64_t taps) {
  float sums[16] = {};
  for (int64_t i = 0; i < taps; i += 16) {
    for (int l = 0; l < 16; l++) sums[l] += a[i + l] * b[i + l];
  }
  float total = 0;
  for (float sum : sums) total += sum;
  return total;
}

VECTORIZED void Mix(const float* __restrict a, const float* __restrict b, const float* __restrict c,
                    const float* __restrict d, const float* weights, float* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    out[i] = (a[i] * weights[0] + b[i] * weights[1]) + (c[i] * weights[2] + d[i] * weights[3]);
  }
}

VECTORIZED void Expand(const Grid& grid, const float* values, float* __restrict out) {
  for (int64_t start = 0, j = 0; start < grid.length; start += grid.stride, j++) {
    const int64_t count = std::min(grid.stride, grid.length - start);
    const float a = values[j], b = values[j + 1], c = values[j + 2], d = values[j + 3];
    const float *wa = grid.weights[0].data(), *wb = grid.weights[1].data();
    const float *wc = grid.weights[2].data(), *wd = grid.weights[3].data();
    float* to = out + start;
    for (int64_t i = 0; i < count; i++) to[i] = (a * wa[i] + b * wb[i]) + (c * wc[i] + d * wd[i]);
  }
}

VECTORIZED void AddShifts(const float* __restrict shifts, float alpha, float start, float step, float* __restrict out,
                          int64_t count) {
  for (int64_t x = 0; x < count; x++) out[x] = start + step * static_cast<float>(x) + alpha * shifts[x];
}

// Noise of one or two maps, one below the other, and smoothed as one image.
struct Field {
  const float* noise;
  int64_t width, height, fields, stride;
  // Odd and symmetric.
  std::vector<float> kernel;
  float alpha;

  int64_t Rows() const { return fields * height; }

  // noise -> values at the places of `across` in every row, borders repeated.
  std::vector<float> SmoothRows(const Grid& across) const {
    const auto taps = static_cast<int64_t>(kernel.size()), radius = taps / 2;
    const int64_t wide = (taps + 15) / 16 * 16;
    std::vector<float> weights(kernel);
    weights.resize(static_cast<size_t>(wide));
    const int64_t before = radius - across.PixelOf(0);
    const int64_t padded = across.PixelOf(across.count - 1) - across.PixelOf(0) + std::max(wide, taps);
    std::vector<float> row(static_cast<size_t>(std::max(padded, before + width)) + 16);
    std::vector<float> out(static_cast<size_t>(across.pitch * Rows()));
    for (int64_t y = 0; y < Rows(); y++) {
      const float* from = noise + y * width;
      std::fill(row.begin(), row.begin() + before, from[0]);
      std::copy(from, from + width, row.begin() + before);
      std::fill(row.begin() + before + width, row.end(), from[width - 1]);
      float* to = out.data() + y * across.pitch;
      if (stride == 1) {
        ConvolveAlong(row.data(), kernel.data(), taps, 1, to, width);
      } else {
        for (int64_t j = 0; j < across.count; j++) to[j] = Dot(row.data() + j * stride, weights.data(), wide);
      }
    }
    return out;
  }

  // map = the pixel's own column (or row, `vertical`) + alpha * smoothed noise of the field from row `top` on
  void Write(const Grid& across, const std::vector<float>& rows, int64_t top, bool vertical, float* map) const {
    const Grid down(height, stride);
    const int64_t radius = static_cast<int64_t>(kernel.size()) / 2, count = across.pitch;
    std::vector<float> values(static_cast<size_t>(count * down.count));
    std::vector<const float*> window(kernel.size());
    for (int64_t j = 0; j < down.count; j++) {
      for (size_t k = 0; k < window.size(); k++) {
        const int64_t y = top + down.PixelOf(j) + static_cast<int64_t>(k) - radius;
        window[k] = rows.data() + std::max<int64_t>(0, std::min(Rows() - 1, y)) * count;
      }
      ConvolveAcross(window.data(), kernel.data(), radius, values.data() + j * count, count);
    }
    std::vector<float> mixed(static_cast<size_t>(count)), expanded(static_cast<size_t>(width));
    for (int64_t y = 0; y < height; y++) {
      const float* shifts = values.data() + y * count;
      if (stride > 1) {
        const float* from = values.data() + y / stride * count;
        const auto phase = static_cast<size_t>(y % stride);
        const float weights[4] = {down.weights[0][phase], down.weights[1][phase], down.weights[2][phase],
                                  down.weights[3][phase]};
        Mix(from, from + count, from + 2 * count, from + 3 * count, weights, mixed.data(), count);
        Expand(across, mixed.data(), expanded.data());
        shifts = expanded.data();
      }
      AddShifts(shifts, alpha, vertical ? static_cast<float>(y) : 0, vertical ? 0 : 1, map + y * width, width);
    }
  }
};

// elasticMaps(noise, fields, width, height, kernel[odd], stride, alpha, mapX, mapY)
Napi::Value ElasticMaps(const Napi::CallbackInfo& info) {
  const int64_t fields = IntegerArg(info, 1, "fields", 1, 2);
  const int64_t width = SideArg(info, 2, "width"), height = SideArg(info, 3, "height");
  const auto noise = SpanArg<float>(info, 0, "noise", fields * width * height);
  const auto kernel = SpanArg<float>(info, 4, "kernel");
  if (kernel.length % 2 == 0 || kernel.length > (1 << 16)) FailRange(info, "kernel", "expected an odd length up to 65535");
  const int64_t stride = IntegerArg(info, 5, "stride", 1, 1024);
  const auto alpha = static_cast<float>(NumberArg(info, 6, "alpha"));
  const auto mapX = SpanArg<float>(info, 7, "mapX", width * height);
  const auto mapY = SpanArg<float>(info, 8, "mapY", width * height);
  const std::vector<float> weights(kernel.data, kernel.data + kernel.length);
  const Field field{noise.data, width, height, fields, stride, weights, alpha};
  return AsyncKernel::Run(info, {mapX.owner, mapY.owner, noise.owner}, [=, toX = mapX.data, toY = mapY.data] {
    const Grid across(width, stride);
    const std::vector<float> rows = field.SmoothRows(across);
    field.Write(across, rows, 0, false, toX);
    field.Write(across, rows, (fields - 1) * height, true, toY);
  });
}

}  // namespace

void RegisterElastic(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "noiseField", NoiseField);
  Export(env, exports, "elasticMaps", ElasticMaps);
}

}  // namespace phalanx
