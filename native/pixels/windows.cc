// Logits of overlapping windows, joined to those of the image by their weighted mean.
#include <algorithm>

#include "kernel.h"
#include "vectorized.h"

namespace phalanx {
namespace {

// A row of a window that lies in the image, by `pixels` weights.
VECTORIZED void AddRow(float* sums, float* counts, const float* logits, const float* weights, int64_t pixels,
                       int64_t classes) {
  for (int64_t x = 0; x < pixels; x++, sums += classes, logits += classes) {
    const float weight = weights[x];
    counts[x] += weight;
    for (int64_t c = 0; c < classes; c++) sums[c] += weight * logits[c];
  }
}

// addWindow(sums, counts, height, width, classes, window, windowHeight, windowWidth, weights, top, left): adds what of
// window [windowHeight, windowWidth, classes], whose corner is at (top, left), lies in the image, times weights
// [windowHeight, windowWidth], to sums [height, width, classes], and the weights to counts [height, width]; resolves
// with sums.
Napi::Value AddWindow(const Napi::CallbackInfo& info) {
  const int64_t height = SideArg(info, 2, "height");
  const int64_t width = SideArg(info, 3, "width");
  const int64_t classes = IntegerArg(info, 4, "classes", 1, kMaxSide);
  const int64_t windowHeight = SideArg(info, 6, "windowHeight");
  const int64_t windowWidth = SideArg(info, 7, "windowWidth");
  const auto sums = SpanArg<float>(info, 0, "sums", height * width * classes);
  const auto counts = SpanArg<float>(info, 1, "counts", height * width);
  const auto window = SpanArg<float>(info, 5, "window", windowHeight * windowWidth * classes);
  const auto weights = SpanArg<float>(info, 8, "weights", windowHeight * windowWidth);
  const int64_t top = IntegerArg(info, 9, "top", -kMaxSide, kMaxSide);
  const int64_t left = IntegerArg(info, 10, "left", -kMaxSide, kMaxSide);
  return AsyncKernel::Run(info, {sums.owner, counts.owner, window.owner, weights.owner}, [=]() {
    const int64_t y0 = std::max<int64_t>(top, 0), y1 = std::min(top + windowHeight, height);
    const int64_t x0 = std::max<int64_t>(left, 0), x1 = std::min(left + windowWidth, width);
    if (x0 >= x1) return;
    for (int64_t y = y0; y < y1; y++) {
      const int64_t to = y * width + x0;
      const int64_t from = (y - top) * windowWidth + x0 - left;
      AddRow(sums.data + to * classes, counts.data + to, window.data + from * classes, weights.data + from, x1 - x0,
             classes);
    }
  });
}

VECTORIZED void Divide(float* sums, const float* counts, int64_t pixels, int64_t classes) {
  for (int64_t i = 0; i < pixels; i++, sums += classes) {
    for (int64_t c = 0; c < classes; c++) sums[c] /= counts[i];
  }
}

// divideWindows(sums, counts, classes): divides each pixel of sums [pixels, classes] by its count; resolves with sums.
Napi::Value DivideWindows(const Napi::CallbackInfo& info) {
  const auto counts = SpanArg<float>(info, 1, "counts");
  const int64_t classes = IntegerArg(info, 2, "classes", 1, kMaxSide);
  const auto pixels = static_cast<int64_t>(counts.length);
  const auto sums = SpanArg<float>(info, 0, "sums", pixels * classes);
  return AsyncKernel::Run(info, {sums.owner, counts.owner},
                          [=]() { Divide(sums.data, counts.data, pixels, classes); });
}

}  // namespace

void RegisterWindows(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "addWindow", AddWindow);
  Export(env, exports, "divideWindows", DivideWindows);
}

}  // namespace phalanx
