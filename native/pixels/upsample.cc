// Logits at model resolution to a label map at image resolution: bilinear as PyTorch's F.interpolate with
// align_corners=False, compared with a threshold per class.
//
// Between four neighbouring logits every interpolated value lies between the smallest and the largest of them. So a
// class whose four corners are all above or all not above its threshold is decided for the whole cell between them, for
// 32 classes at once by AND and OR; only the cells that a class's border crosses are interpolated.
#include "upsample.h"

#include "vectorized.h"

#include <algorithm>
#include <cstring>

namespace phalanx {
namespace {

// Of at most 32 classes.
VECTORIZED void SetBits(const Logits& logits, int64_t firstClass, int64_t count, uint32_t* above) {
  uint32_t bits[32] = {};
  float thresholds[32] = {};
  for (int64_t c = 0; c < count; c++) {
    bits[c] = 1u << c;
    thresholds[c] = logits.thresholds[firstClass + c];
  }
  const float* pixel = logits.data + firstClass;
  const int64_t pixels = logits.width * logits.height;
  // Thirty-two values at a time where that many follow, even of the next pixel: their bits are zero.
  const int64_t wide = std::max<int64_t>(0, pixels - (firstClass + 32 + logits.classes - 1) / logits.classes);
  int64_t i = 0;
  for (; i < wide; i++, pixel += logits.classes) {
    uint32_t mask = 0;
    for (int64_t c = 0; c < 32; c++) mask |= pixel[c] > thresholds[c] ? bits[c] : 0;
    above[i] = mask;
  }
  for (; i < pixels; i++, pixel += logits.classes) {
    uint32_t mask = 0;
    for (int64_t c = 0; c < count; c++) mask |= pixel[c] > thresholds[c] ? bits[c] : 0;
    above[i] = mask;
  }
}

struct Border {
  size_t start, end;  // columns of the target
  uint32_t undecided;
};

void UpsamplePlane(const Logits& logits, int64_t firstClass, const uint32_t* above, const Axis& xs, const Axis& ys,
                   uint32_t* target) {
  const size_t width = xs.low.size(), height = ys.low.size();
  std::vector<Border> borders;
  for (size_t top = 0; top < height;) {
    const size_t bottom = ys.NextCell(top);
    const uint32_t* upper = above + ys.low[top] * logits.width;
    const uint32_t* lower = above + ys.high[top] * logits.width;
    uint32_t* row = target + top * width;
    borders.clear();
    for (size_t start = 0; start < width;) {
      const size_t end = xs.NextCell(start);
      const int32_t x0 = xs.low[start], x1 = xs.high[start];
      const uint32_t all = upper[x0] & upper[x1] & lower[x0] & lower[x1];
      const uint32_t any = upper[x0] | upper[x1] | lower[x0] | lower[x1];
      for (size_t x = start; x < end; x++) row[x] = all;
      if (any != all) borders.push_back({start, end, any & ~all});
      start = end;
    }
    for (size_t y = top + 1; y < bottom; y++) std::memcpy(target + y * width, row, width * sizeof(uint32_t));
    for (const Border& border : borders) {
      const size_t left = xs.low[border.start], right = xs.high[border.start];
      const size_t first = ys.low[top] * logits.width, second = ys.high[top] * logits.width;
      for (uint32_t rest = border.undecided; rest != 0; rest &= rest - 1) {
        const int64_t c = firstClass + __builtin_ctz(rest);
        const uint32_t bit = rest & -rest;
        const float a = logits.At(first + left, c), b = logits.At(first + right, c);
        const float d = logits.At(second + left, c), e = logits.At(second + right, c);
        const float threshold = logits.thresholds[c];
        for (size_t y = top; y < bottom; y++) {
          uint32_t* pixels = target + y * width;
          for (size_t x = border.start; x < border.end; x++) {
            const float one = a * xs.lowWeight[x] + b * xs.highWeight[x];
            const float two = d * xs.lowWeight[x] + e * xs.highWeight[x];
            if (one * ys.lowWeight[y] + two * ys.highWeight[y] > threshold) pixels[x] |= bit;
          }
        }
      }
    }
    top = bottom;
  }
}

// upsampleThresholdPack(logits, sourceWidth, sourceHeight, thresholds, target, width, height)
Napi::Value UpsampleThresholdPack(const Napi::CallbackInfo& info) {
  const LogitsArg source(info);
  const Logits logits = source.logits;
  const int64_t width = SideArg(info, 5, "width"), height = SideArg(info, 6, "height");
  const Planes target = PlanesArg(info, 4, "target", width * height);
  if (static_cast<int64_t>(target.data.size()) != (logits.classes + 31) / 32) {
    FailRange(info, "target", "wrong plane count");
  }
  std::vector<Napi::Object> keep{info[4].As<Napi::Object>()};
  keep.insert(keep.end(), source.owners.begin(), source.owners.end());
  keep.insert(keep.end(), target.owners.begin(), target.owners.end());
  return AsyncKernel::Run(info, keep, [logits, width, height, planes = target.data]() {
    const Axis xs(width, logits.width), ys(height, logits.height);
    std::vector<uint32_t> above(logits.width * logits.height);
    for (size_t p = 0; p < planes.size(); p++) {
      const auto firstClass = static_cast<int64_t>(32 * p);
      AboveThreshold(logits, firstClass, above.data());
      UpsamplePlane(logits, firstClass, above.data(), xs, ys, planes[p]);
    }
  });
}

}  // namespace

LogitsArg::LogitsArg(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "sourceWidth"), height = SideArg(info, 2, "sourceHeight");
  const auto thresholds = SpanArg<float>(info, 3, "thresholds");
  const auto classes = static_cast<int64_t>(thresholds.length);
  if (width * height > kMaxPixels || classes > 4096) FailRange(info, "logits", "too large");
  const auto data = SpanArg<float>(info, 0, "logits", width * height * classes);
  logits = {data.data, width, height, classes, thresholds.data};
  owners = {data.owner, thresholds.owner};
}

void AboveThreshold(const Logits& logits, int64_t firstClass, uint32_t* above) {
  SetBits(logits, firstClass, std::min<int64_t>(32, logits.classes - firstClass), above);
}

void RegisterUpsample(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "upsampleThresholdPack", UpsampleThresholdPack);
}

}  // namespace phalanx
