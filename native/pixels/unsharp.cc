// Unsharp masking.
#include "convolve.h"
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {
namespace {

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

// Rows are made when they are first needed, and kept while a window of the kernel's size may need them again.
class Unsharp {
 public:
  Unsharp(const uint8_t* source, int64_t width, int64_t height, int64_t channels, const std::vector<float>& kernel,
          float threshold)
      : source_(source), width_(width), height_(height), channels_(channels), count_(width * channels), kernel_(kernel),
        taps_(static_cast<int64_t>(kernel.size())), radius_(taps_ / 2), threshold_(threshold), image_(Floats(count_)),
        padded_(Floats(count_ + 2 * radius_ * channels)), mask_(Floats(count_)), soft_(Floats(count_)),
        window_(kernel.size()), images_(taps_, count_), masks_(taps_, count_), blurred_(taps_, count_) {}

  void Row(int64_t y, float alpha, uint8_t* out) {
    for (int64_t k = 0; k < taps_; k++) MaskAlong(Reflect101(y + k - radius_, height_));
    for (int64_t k = 0; k < taps_; k++) window_[Index(k)] = MaskAlong(Reflect101(y + k - radius_, height_));
    ConvolveAcross(window_.data(), kernel_.data(), radius_, soft_.data(), count_);
    ToUnit(source_ + y * count_, image_.data(), count_);
    MixSharp(image_.data(), blurred_.At(y), soft_.data(), alpha, out, count_);
  }

 private:
  struct Ring {
    Ring(int64_t size, int64_t count)
        : rows(static_cast<size_t>(size), Floats(count)), held(static_cast<size_t>(size), -1) {}
    size_t Slot(int64_t y) const { return static_cast<size_t>(y) % rows.size(); }
    bool Has(int64_t y) const { return held[Slot(y)] == y; }
    float* At(int64_t y) { return rows[Slot(y)].data(); }
    float* Take(int64_t y) {
      held[Slot(y)] = y;
      return At(y);
    }
    std::vector<std::vector<float>> rows;
    std::vector<int64_t> held;
  };

  static std::vector<float> Floats(int64_t count) { return std::vector<float>(static_cast<size_t>(count)); }
  static size_t Index(int64_t k) { return static_cast<size_t>(k); }

  void Along(const float* row, float* out) {
    std::copy(row, row + count_, padded_.begin() + radius_ * channels_);
    for (int64_t x = 1; x <= radius_; x++) {
      for (int64_t c = 0; c < channels_; c++) {
        padded_[Index((radius_ - x) * channels_ + c)] = row[Reflect101(-x, width_) * channels_ + c];
        padded_[Index((radius_ + width_ - 1 + x) * channels_ + c)] =
            row[Reflect101(width_ - 1 + x, width_) * channels_ + c];
      }
    }
    ConvolveAlong(padded_.data(), kernel_.data(), taps_, channels_, out, count_);
  }

  const float* ImageAlong(int64_t y) {
    if (images_.Has(y)) return images_.At(y);
    ToUnit(source_ + y * count_, image_.data(), count_);
    float* out = images_.Take(y);
    Along(image_.data(), out);
    return out;
  }

  const float* MaskAlong(int64_t y) {
    if (masks_.Has(y)) return masks_.At(y);
    for (int64_t k = 0; k < taps_; k++) window_[Index(k)] = ImageAlong(Reflect101(y + k - radius_, height_));
    float* blurred = blurred_.Take(y);
    ConvolveAcross(window_.data(), kernel_.data(), radius_, blurred, count_);
    ToUnit(source_ + y * count_, image_.data(), count_);
    MaskOf(image_.data(), blurred, threshold_, mask_.data(), count_);
    float* out = masks_.Take(y);
    Along(mask_.data(), out);
    return out;
  }

  const uint8_t* source_;
  int64_t width_, height_, channels_, count_;
  std::vector<float> kernel_;
  int64_t taps_, radius_;
  float threshold_;
  std::vector<float> image_, padded_, mask_, soft_;
  std::vector<const float*> window_;
  Ring images_, masks_, blurred_;
};

// unsharpMask(source, width, height, channels, kernel[odd], alpha, threshold, target)
Napi::Value UnsharpMask(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, kMaxChannels);
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto kernel = SpanArg<float>(info, 4, "kernel");
  if (kernel.length % 2 == 0 || kernel.length > 4097) FailRange(info, "kernel", "expected an odd length up to 4097");
  const auto alpha = static_cast<float>(NumberArg(info, 5, "alpha"));
  const auto threshold = static_cast<float>(NumberArg(info, 6, "threshold"));
  const auto target = SpanArg<uint8_t>(info, 7, "target", width * height * channels);
  const std::vector<float> weights(kernel.data, kernel.data + kernel.length);
  return AsyncKernel::Run(info, {target.owner, source.owner}, [=, s = source.data, t = target.data] {
    Unsharp rows(s, width, height, channels, weights, threshold);
    for (int64_t y = 0; y < height; y++) rows.Row(y, alpha, t + y * width * channels);
  });
}

}  // namespace

void RegisterUnsharp(Napi::Env env, Napi::Object exports) { Export(env, exports, "unsharpMask", UnsharpMask); }

}  // namespace phalanx
