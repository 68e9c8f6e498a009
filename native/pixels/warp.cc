// Warps of an image together with its packed label planes: one gather of both by one map.
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

// Of a coordinate that MapRow limited, so that the conversion is defined.
inline int64_t Whole(float v) { return static_cast<int64_t>(v); }

}  // namespace

const uint8_t* PixelAt(const Warp& w, int64_t x, int64_t y) {
  if (x >= 0 && x < w.width && y >= 0 && y < w.height) return w.source + (y * w.width + x) * w.channels;
  if (w.border == kConstant) return w.fill;
  return w.source +
         (static_cast<int64_t>(BorderIndex(y, w.height, w.border)) * w.width + BorderIndex(x, w.width, w.border)) *
             w.channels;
}

void SamplePixel(const Warp& w, float sx, float sy, uint8_t* out) {
  if (!w.linear) {
    const uint8_t* pixel = PixelAt(w, Whole(std::nearbyintf(sx)), Whole(std::nearbyintf(sy)));
    for (int c = 0; c < w.channels; c++) out[c] = pixel[c];
    return;
  }
  const float floorX = std::floor(sx), floorY = std::floor(sy);
  const int64_t x = Whole(floorX), y = Whole(floorY);
  const float alpha = sx - floorX, beta = sy - floorY;
  const uint8_t *p00 = PixelAt(w, x, y), *p01 = PixelAt(w, x + 1, y);
  const uint8_t *p10 = PixelAt(w, x, y + 1), *p11 = PixelAt(w, x + 1, y + 1);
  for (int c = 0; c < w.channels; c++) {
    const float top = Fma(alpha, static_cast<float>(p01[c] - p00[c]), p00[c]);
    const float bottom = Fma(alpha, static_cast<float>(p11[c] - p10[c]), p10[c]);
    out[c] = static_cast<uint8_t>(std::nearbyintf(Fma(beta, bottom - top, top)));
  }
}

void SampleLabels(const Warp& w, float sx, float sy, int64_t index) {
  const int64_t x = Whole(std::nearbyintf(sx)), y = Whole(std::nearbyintf(sy));
  const bool inside = x >= 0 && x < w.width && y >= 0 && y < w.height;
  int64_t from = -1;
  if (inside) {
    from = y * w.width + x;
  } else if (w.border != kConstant) {
    from = static_cast<int64_t>(BorderIndex(y, w.height, w.border)) * w.width + BorderIndex(x, w.width, w.border);
  }
  for (size_t p = 0; p < w.planes.size(); p++) {
    w.planes[p].target[index] = from < 0 ? w.labelFill[p] : w.planes[p].source[from];
  }
}

void SampleRowTail(const Warp& w, int y, int from, const float* xs, const float* ys) {
  for (int x = from; x < w.outWidth; x++) {
    const int64_t index = static_cast<int64_t>(y) * w.outWidth + x;
    SamplePixel(w, xs[x], ys[x], w.target + index * w.channels);
    SampleLabels(w, xs[x], ys[x], index);
  }
}

namespace {

void RunWarp(const Warp& w) {
  const bool avx2 = UseAvx2(w);
  std::vector<float> xs(static_cast<size_t>(w.outWidth)), ys(static_cast<size_t>(w.outWidth));
  for (int y = 0; y < w.outHeight; y++) {
    MapRow(w, y, xs.data(), ys.data());
    if (avx2) {
      SampleRowAvx2(w, y, xs.data(), ys.data());
    } else {
      SampleRowTail(w, y, 0, xs.data(), ys.data());
    }
  }
}

// Steps are arrays [kind, fold, width, height, values, mapX, mapY]: `width` and `height` of the image that the step
// leads to, the maps for steps that have them.
std::vector<Step> StepsArg(const Napi::CallbackInfo& info, size_t index, int outWidth, int outHeight,
                           std::vector<Napi::Object>* keep) {
  if (!info[index].IsArray()) FailType(info, "steps", "an array of steps");
  const Napi::Array array = info[index].As<Napi::Array>();
  std::vector<Step> steps;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value item = array.Get(i);
    if (!item.IsArray() || item.As<Napi::Array>().Length() < 7) FailType(info, "steps", "steps of seven parts");
    const Napi::Array parts = item.As<Napi::Array>();
    const auto integer = [&](uint32_t at, int64_t low, int64_t high) {
      const Napi::Value value = parts.Get(at);
      const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
      if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high)) || number != std::floor(number)) {
        FailRange(info, "steps", "part " + std::to_string(at) + " of a step is out of range");
      }
      return static_cast<int>(number);
    };
    Step step{};
    step.kind = static_cast<StepKind>(integer(0, 0, 4));
    step.fold = integer(1, kNoFold, kReflect101);
    step.width = integer(2, 1, kMaxSide);
    step.height = integer(3, 1, kMaxSide);
    step.outWidth = outWidth;
    step.outHeight = outHeight;
    if (step.kind == StepKind::kSeparable || step.kind == StepKind::kDense) {
      const int64_t pixels = static_cast<int64_t>(outWidth) * outHeight;
      const bool dense = step.kind == StepKind::kDense;
      const auto mapX = SpanOf<float>(info, parts.Get(5u), "steps.mapX", dense ? pixels : outWidth);
      const auto mapY = SpanOf<float>(info, parts.Get(6u), "steps.mapY", dense ? pixels : outHeight);
      step.mapX = mapX.data;
      step.mapY = mapY.data;
      keep->push_back(mapX.owner);
      keep->push_back(mapY.owner);
    } else {
      constexpr int64_t kCounts[] = {6, 9, 0, 8};
      const auto values = SpanOf<double>(info, parts.Get(4u), "steps.values", kCounts[static_cast<int>(step.kind)]);
      std::copy(values.data, values.data + values.length, step.values);
    }
    steps.push_back(step);
    outWidth = step.width;
    outHeight = step.height;
  }
  if (steps.empty()) FailRange(info, "steps", "expected at least one");
  return steps;
}

// warp(source, width, height, channels, planes, steps, border, fill[channels], linear, target, outWidth, outHeight,
//      outPlanes, labelFill[planes])
Napi::Value WarpImage(const Napi::CallbackInfo& info) {
  Warp w{};
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, kMaxChannels);
  const int64_t outWidth = SideArg(info, 10, "outWidth"), outHeight = SideArg(info, 11, "outHeight");
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto fill = SpanArg<uint8_t>(info, 7, "fill", channels);
  const auto target = SpanArg<uint8_t>(info, 9, "target", outWidth * outHeight * channels);
  PlanePairs planes = PlanePairsArg(info, 4, "planes", width * height, 12, "outPlanes", outWidth * outHeight);
  std::vector<Napi::Object> keep = planes.KeptWith({target.owner, source.owner});
  w.source = source.data;
  w.target = target.data;
  w.planes = std::move(planes.data);
  const auto labelFill = SpanArg<uint32_t>(info, 13, "labelFill", static_cast<int64_t>(w.planes.size()));
  w.labelFill.assign(labelFill.data, labelFill.data + labelFill.length);
  w.width = static_cast<int>(width);
  w.height = static_cast<int>(height);
  w.channels = static_cast<int>(channels);
  w.outWidth = static_cast<int>(outWidth);
  w.outHeight = static_cast<int>(outHeight);
  w.steps = StepsArg(info, 5, w.outWidth, w.outHeight, &keep);
  if (w.steps.back().width != w.width || w.steps.back().height != w.height) {
    FailRange(info, "steps", "the last step does not lead to an image of the source's size");
  }
  w.border = static_cast<int>(IntegerArg(info, 6, "border", 0, 4));
  w.linear = IntegerArg(info, 8, "linear", 0, 1) == 1;
  std::copy(fill.data, fill.data + channels, w.fill);
  return AsyncKernel::Run(info, keep, [w] { RunWarp(w); });
}

}  // namespace

void RegisterWarp(Napi::Env env, Napi::Object exports) { Export(env, exports, "warp", WarpImage); }

}  // namespace phalanx
