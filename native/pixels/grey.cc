// Colours to grey.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace phalanx {
namespace {

enum GreyMethod : int { kWeighted = 0, kDesaturation = 1, kAverage = 2, kMax = 3 };

// Colours replaced by their grey value.
VECTORIZED void ToGrey(const uint8_t* __restrict source, int64_t pixels, int method, uint8_t* __restrict target) {
  for (int64_t i = 0; i < pixels; i++) {
    const uint8_t* from = source + i * 3;
    const int r = from[0], g = from[1], b = from[2];
    int grey;
    if (method == kWeighted) {
      // OpenCV's weights of 15 bits.
      grey = (r * 9798 + g * 19235 + b * 3735 + (1 << 14)) >> 15;
    } else if (method == kDesaturation) {
      grey = (std::max(r, std::max(g, b)) + std::min(r, std::min(g, b))) / 2;
    } else if (method == kAverage) {
      grey = (r + g + b) / 3;
    } else {
      grey = std::max(r, std::max(g, b));
    }
    uint8_t* to = target + i * 3;
    to[0] = to[1] = to[2] = static_cast<uint8_t>(grey);
  }
}

// The same of any number of channels, which have no weights.
void ChannelsToGrey(const uint8_t* source, int64_t pixels, int64_t channels, int method, uint8_t* target) {
  for (int64_t i = 0; i < pixels; i++, source += channels, target += channels) {
    int low = 255, high = 0, sum = 0;
    for (int64_t c = 0; c < channels; c++) {
      const int value = source[c];
      low = std::min(low, value);
      high = std::max(high, value);
      sum += value;
    }
    const int mean = sum / static_cast<int>(channels);
    const int grey = method == kDesaturation ? (high + low) / 2 : method == kAverage ? mean : high;
    std::fill(target, target + channels, static_cast<uint8_t>(grey));
  }
}

// As many pixels of three channels as whole vectors hold, by OpenCV's weights; how many they were.
int64_t WeightedVectors(const uint8_t* __restrict source, int64_t pixels, uint8_t* __restrict target) {
  int64_t i = 0;
#if defined(__x86_64__)
  const __m128i redGreen = _mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1);
  const __m128i blue = _mm_setr_epi8(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1);
  const __m128i thrice = _mm_setr_epi8(0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12, -1, -1, -1, -1);
  const __m128i one = _mm_set1_epi32(1 << 16);
  const __m128i weights = _mm_set1_epi32(19235 << 16 | 9798), half = _mm_set1_epi32(1 << 30 | 3735);
  // Four pixels at a time; the four bytes behind them are read, and written over by the next.
  for (; i + 6 <= pixels; i += 4) {
    const __m128i from = _mm_loadu_si128(reinterpret_cast<const __m128i*>(source + 3 * i));
    const __m128i sum = _mm_add_epi32(_mm_madd_epi16(_mm_shuffle_epi8(from, redGreen), weights),
                                      _mm_madd_epi16(_mm_or_si128(_mm_shuffle_epi8(from, blue), one), half));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target + 3 * i), _mm_shuffle_epi8(_mm_srli_epi32(sum, 15), thrice));
  }
#endif
  return i;
}

// toGrey(source, channels, method, target)
Napi::Value ToGreyKernel(const Napi::CallbackInfo& info) {
  const int64_t channels = IntegerArg(info, 1, "channels", 1, kMaxChannels);
  const auto source = SpanArg<uint8_t>(info, 0, "source");
  const auto method = static_cast<int>(IntegerArg(info, 2, "method", 0, 3));
  if (channels != 3 && method == kWeighted) FailRange(info, "method", "only three channels have weights");
  const auto target = SpanArg<uint8_t>(info, 3, "target", static_cast<int64_t>(source.length));
  const int64_t pixels = static_cast<int64_t>(source.length) / channels;
  return AsyncKernel::Run(info, {target.owner, source.owner}, [=, s = source.data, t = target.data] {
    const int64_t done = channels == 3 && method == kWeighted ? WeightedVectors(s, pixels, t) : 0;
    if (channels == 3) {
      ToGrey(s + 3 * done, pixels - done, method, t + 3 * done);
    } else {
      ChannelsToGrey(s, pixels, channels, method, t);
    }
  });
}

}  // namespace

void RegisterGrey(Napi::Env env, Napi::Object exports) { Export(env, exports, "toGrey", ToGreyKernel); }

}  // namespace phalanx
