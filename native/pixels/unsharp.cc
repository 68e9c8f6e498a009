// Unsharp masking.
#include "convolve.h"
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {
namespace {

// A symmetric kernel along rows and columns of floats, borders mirrored (reflect101).
void Blur(const float* source, int64_t width, int64_t height, int64_t channels, const std::vector<float>& kernel,
          float* target) {
  const auto taps = static_cast<int64_t>(kernel.size());
  const int64_t radius = taps / 2, count = width * channels;
  std::vector<float> padded(static_cast<size_t>((width + 2 * radius) * channels)), rows(static_cast<size_t>(count * height));
  for (int64_t y = 0; y < height; y++) {
    const float* from = source + y * count;
    std::copy(from, from + count, padded.begin() + radius * channels);
    for (int64_t x = 1; x <= radius; x++) {
      for (int64_t c = 0; c < channels; c++) {
        padded[static_cast<size_t>((radius - x) * channels + c)] = from[Reflect101(-x, width) * channels + c];
        padded[static_cast<size_t>((radius + width - 1 + x) * channels + c)] =
            from[Reflect101(width - 1 + x, width) * channels + c];
      }
    }
    ConvolveAlong(padded.data(), kernel.data(), taps, channels, rows.data() + y * count, count);
  }
  std::vector<const float*> window(kernel.size());
  for (int64_t y = 0; y < height; y++) {
    for (int64_t k = 0; k < taps; k++) {
      window[static_cast<size_t>(k)] = rows.data() + Reflect101(y + k - radius, height) * count;
    }
    ConvolveAcross(window.data(), kernel.data(), radius, target + y * count, count);
  }
}

VECTORIZED void ToUnit(const uint8_t* __restrict source, float* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; i++) out[i] = static_cast<float>(source[i]) / 255.0f;
}

VECTORIZED void MaskOf(const float* __restrict image, const float* __restrict blurred, float threshold,
                       float* __restrict mask, int64_t count) {
  for (int64_t i = 0; i < count; i++) mask[i] = std::fabs(image[i] - blurred[i]) * 255.0f > threshold ? 1.0f : 0.0f;
}

VECTORIZED void MixSharp(const float* __restrict image, const float* __restrict blurred,
                         const float* __restrict mask, float alpha, uint8_t* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    float sharp = image[i] + alpha * (image[i] - blurred[i]);
    sharp = sharp < 0 ? 0 : sharp > 1 ? 1 : sharp;
    out[i] = Saturate((sharp * mask[i] + image[i] * (1 - mask[i])) * 255.0f);
  }
}

// unsharpMask(source, width, height, channels, kernel[odd], alpha, threshold, target)
Napi::Value UnsharpMask(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, 4);
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto kernel = SpanArg<float>(info, 4, "kernel");
  if (kernel.length % 2 == 0 || kernel.length > 4097) FailRange(info, "kernel", "expected an odd length up to 4097");
  const auto alpha = static_cast<float>(NumberArg(info, 5, "alpha"));
  const auto threshold = static_cast<float>(NumberArg(info, 6, "threshold"));
  const auto target = SpanArg<uint8_t>(info, 7, "target", width * height * channels);
  const std::vector<float> weights(kernel.data, kernel.data + kernel.length);
  return AsyncKernel::Run(info, {target.owner, source.owner}, [=, s = source.data, t = target.data] {
    const int64_t count = width * height * channels;
    std::vector<float> image(static_cast<size_t>(count)), blurred(image.size()), mask(image.size()), soft(image.size());
    ToUnit(s, image.data(), count);
    Blur(image.data(), width, height, channels, weights, blurred.data());
    MaskOf(image.data(), blurred.data(), threshold, mask.data(), count);
    Blur(mask.data(), width, height, channels, weights, soft.data());
    MixSharp(image.data(), blurred.data(), soft.data(), alpha, t, count);
  });
}

}  // namespace

void RegisterUnsharp(Napi::Env env, Napi::Object exports) { Export(env, exports, "unsharpMask", UnsharpMask); }

}  // namespace phalanx
