// Affine warps of an image together with its packed label planes.
#include "warp.h"

namespace phalanx {
namespace {

// Index inside [0, length) of a coordinate that may lie outside, or -1 for a constant border.
int BorderIndex(int64_t p, int64_t length, int border) {
  if (p >= 0 && p < length) return static_cast<int>(p);
  switch (border) {
    case kReplicate:
      return static_cast<int>(p < 0 ? 0 : length - 1);
    case kWrap:
      return static_cast<int>(((p % length) + length) % length);
    case kReflect:
    case kReflect101: {
      if (length == 1) return 0;
      const int64_t delta = border == kReflect101;
      const int64_t period = 2 * (length - delta);
      int64_t q = ((p % period) + period) % period;
      if (q >= length) q = period - 1 + delta - q;
      return static_cast<int>(q);
    }
    default:
      return -1;
  }
}

// Coordinates beyond this are outside of any image; also keeps float to int conversions defined.
inline int64_t Whole(float v) {
  return static_cast<int64_t>(std::max(-1e9f, std::min(1e9f, v)));
}

inline const uint8_t* PixelAt(const Warp& w, int64_t x, int64_t y) {
  if (x >= 0 && x < w.width && y >= 0 && y < w.height) return w.source + (y * w.width + x) * w.channels;
  if (w.border == kConstant) return w.fill;
  return w.source +
         (static_cast<int64_t>(BorderIndex(y, w.height, w.border)) * w.width + BorderIndex(x, w.width, w.border)) *
             w.channels;
}

}  // namespace

void SamplePixel(const Warp& w, Point p, uint8_t* out) {
  if (!w.linear) {
    const uint8_t* pixel = PixelAt(w, Whole(std::nearbyintf(p.x)), Whole(std::nearbyintf(p.y)));
    for (int c = 0; c < w.channels; c++) out[c] = pixel[c];
    return;
  }
  const float floorX = std::floor(p.x), floorY = std::floor(p.y);
  const int64_t x = Whole(floorX), y = Whole(floorY);
  const float alpha = p.x - floorX, beta = p.y - floorY;
  const uint8_t *p00 = PixelAt(w, x, y), *p01 = PixelAt(w, x + 1, y);
  const uint8_t *p10 = PixelAt(w, x, y + 1), *p11 = PixelAt(w, x + 1, y + 1);
  for (int c = 0; c < w.channels; c++) {
    const float top = Fma(alpha, static_cast<float>(p01[c] - p00[c]), p00[c]);
    const float bottom = Fma(alpha, static_cast<float>(p11[c] - p10[c]), p10[c]);
    out[c] = static_cast<uint8_t>(std::nearbyintf(Fma(beta, bottom - top, top)));
  }
}

void SampleLabels(const Warp& w, Point p, int64_t index) {
  const int64_t x = Whole(std::nearbyintf(p.x)), y = Whole(std::nearbyintf(p.y));
  const bool inside = x >= 0 && x < w.width && y >= 0 && y < w.height;
  int64_t from = -1;
  if (inside) {
    from = y * w.width + x;
  } else if (w.border != kConstant) {
    from = static_cast<int64_t>(BorderIndex(y, w.height, w.border)) * w.width + BorderIndex(x, w.width, w.border);
  }
  for (const PlanePair& plane : w.planes) plane.target[index] = from < 0 ? 0 : plane.source[from];
}

void WarpRowTail(const Warp& w, int y, int from, float rowX, float rowY) {
  for (int x = from; x < w.outWidth; x++) {
    const int64_t index = static_cast<int64_t>(y) * w.outWidth + x;
    const Point p = SourceOf(w, x, rowX, rowY);
    SamplePixel(w, p, w.target + index * w.channels);
    SampleLabels(w, p, index);
  }
}

namespace {

void RunWarp(const Warp& w) {
  if (WarpRowsAvx2(w)) return;
  for (int y = 0; y < w.outHeight; y++) {
    const float fy = static_cast<float>(y);
    WarpRowTail(w, y, 0, fy * w.m[1] + w.m[2], fy * w.m[4] + w.m[5]);
  }
}

// warpAffine(source, width, height, channels, planes, matrix[6], border, fill[4], linear,
//            target, outWidth, outHeight, outPlanes)
Napi::Value WarpAffine(const Napi::CallbackInfo& info) {
  Warp w;
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, 4);
  const int64_t outWidth = SideArg(info, 10, "outWidth"), outHeight = SideArg(info, 11, "outHeight");
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto matrix = SpanArg<double>(info, 5, "matrix", 6);
  const auto fill = SpanArg<uint8_t>(info, 7, "fill", 4);
  const auto target = SpanArg<uint8_t>(info, 9, "target", outWidth * outHeight * channels);
  PlanePairs planes = PlanePairsArg(info, 4, "planes", width * height, 12, "outPlanes", outWidth * outHeight);
  w.source = source.data;
  w.target = target.data;
  w.planes = std::move(planes.data);
  w.width = static_cast<int>(width);
  w.height = static_cast<int>(height);
  w.channels = static_cast<int>(channels);
  w.outWidth = static_cast<int>(outWidth);
  w.outHeight = static_cast<int>(outHeight);
  w.border = static_cast<int>(IntegerArg(info, 6, "border", 0, 4));
  w.linear = IntegerArg(info, 8, "linear", 0, 1) == 1;
  for (int i = 0; i < 6; i++) w.m[i] = static_cast<float>(matrix[i]);
  std::copy(fill.data, fill.data + 4, w.fill);
  return AsyncKernel::Run(info, planes.KeptWith({target.owner, source.owner}), [w] { RunWarp(w); });
}

}  // namespace

void RegisterWarp(Napi::Env env, Napi::Object exports) { Export(env, exports, "warpAffine", WarpAffine); }

}  // namespace phalanx
