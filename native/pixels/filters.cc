// Filters of 8-bit images: lookup tables, 3x3 and separable convolution, Gaussian noise.
//
// Numbers follow OpenCV 5 (modules/imgproc: filter.simd.hpp); src/pixels/filters.ts says which.
#include "convolve.h"
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace phalanx {
namespace {

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) void LookUpVbmi(const uint8_t* source, const uint8_t* table,
                                                                       uint8_t* target, size_t length) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  size_t i = 0;
  for (; i + 64 <= length; i += 64) {
    const __m512i index = _mm512_loadu_si512(source + i);
    const __m512i low = _mm512_permutex2var_epi8(t0, index, t1), high = _mm512_permutex2var_epi8(t2, index, t3);
    _mm512_storeu_si512(target + i, _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high));
  }
  for (; i < length; i++) target[i] = table[source[i]];
}
#endif

void LookUp(const uint8_t* source, const uint8_t* table, uint8_t* target, size_t length) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vbmi")) {
    LookUpVbmi(source, table, target, length);
    return;
  }
#endif
  size_t i = 0;
  // Eight values are read at once and written at once.
  for (; i + 8 <= length; i += 8) {
    uint64_t values;
    uint8_t found[8];
    std::memcpy(&values, source + i, 8);
    for (int k = 0; k < 8; k++) found[k] = table[(values >> (8 * k)) & 255];
    std::memcpy(target + i, found, 8);
  }
  for (; i < length; i++) target[i] = table[source[i]];
}

// lookUpTable(source, channels, table[256 or 256 * channels], target): one table, or one for each channel.
Napi::Value LookUpTable(const Napi::CallbackInfo& info) {
  const auto source = SpanArg<uint8_t>(info, 0, "source");
  const auto channels = static_cast<size_t>(IntegerArg(info, 1, "channels", 1, kMaxChannels));
  const auto table = SpanArg<uint8_t>(info, 2, "table");
  if (table.length != 256 && table.length != 256 * channels) {
    FailRange(info, "table", "expected 256 entries, or as many for each channel");
  }
  const auto target = SpanArg<uint8_t>(info, 3, "target", static_cast<int64_t>(source.length));
  const bool shared = table.length == 256;
  return AsyncKernel::Run(info, {target.owner, source.owner, table.owner},
                          [=, s = source.data, t = table.data, o = target.data, n = source.length] {
                            if (shared) {
                              LookUp(s, t, o, n);
                              return;
                            }
                            for (size_t i = 0, c = 0; i < n; i++) {
                              o[i] = t[256 * c + s[i]];
                              if (++c == channels) c = 0;
                            }
                          });
}

// The sum runs over the kernel row by row, each term fused: the order of OpenCV's FilterVec_8u.
VECTORIZED void Convolve3x3Row(const float* __restrict a, const float* __restrict b, const float* __restrict c,
                               const float* __restrict k, int64_t step, uint8_t* __restrict out, int64_t count) {
  const float k0 = k[0], k1 = k[1], k2 = k[2], k3 = k[3], k4 = k[4], k5 = k[5], k6 = k[6], k7 = k[7], k8 = k[8];
  for (int64_t x = 0; x < count; x++) {
    float sum = a[x] * k0;
    sum = __builtin_fmaf(a[x + step], k1, sum);
    sum = __builtin_fmaf(a[x + 2 * step], k2, sum);
    sum = __builtin_fmaf(b[x], k3, sum);
    sum = __builtin_fmaf(b[x + step], k4, sum);
    sum = __builtin_fmaf(b[x + 2 * step], k5, sum);
    sum = __builtin_fmaf(c[x], k6, sum);
    sum = __builtin_fmaf(c[x + step], k7, sum);
    sum = __builtin_fmaf(c[x + 2 * step], k8, sum);
    out[x] = Saturate(sum);
  }
}

void Convolve3x3(const uint8_t* source, int64_t width, int64_t height, int64_t channels, const float* kernel,
                 uint8_t* target) {
  const size_t padded = static_cast<size_t>((width + 2) * channels);
  std::vector<float> rows[3] = {std::vector<float>(padded), std::vector<float>(padded), std::vector<float>(padded)};
  int64_t held[3] = {-1, -1, -1};
  for (int64_t y = 0; y < height; y++) {
    const float* window[3];
    for (int64_t k = 0; k < 3; k++) {
      const int64_t row = Reflect101(y + k - 1, height);
      const auto slot = static_cast<size_t>(row % 3);
      if (held[slot] != row) {
        PadRow(source + row * width * channels, width, channels, 1, rows[slot].data());
        held[slot] = row;
      }
      window[k] = rows[slot].data();
    }
    Convolve3x3Row(window[0], window[1], window[2], kernel, channels, target + y * width * channels, width * channels);
  }
}

// convolve3x3(source, width, height, channels, kernel[9], target)
Napi::Value Convolve3x3Kernel(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, kMaxChannels);
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto kernel = SpanArg<float>(info, 4, "kernel", 9);
  const auto target = SpanArg<uint8_t>(info, 5, "target", width * height * channels);
  return AsyncKernel::Run(info, {target.owner, source.owner, kernel.owner},
                          [=, s = source.data, k = kernel.data, t = target.data] {
                            Convolve3x3(s, width, height, channels, k, t);
                          });
}

VECTORIZED void SaturateRow(const float* __restrict values, uint8_t* __restrict out, int64_t count) {
  for (int64_t x = 0; x < count; x++) out[x] = Saturate(values[x]);
}

void ConvolveSeparable(const uint8_t* source, int64_t width, int64_t height, int64_t channels,
                       const std::vector<float>& kernel, uint8_t* target) {
  const auto taps = static_cast<int64_t>(kernel.size());
  const int64_t radius = taps / 2, count = width * channels;
  std::vector<float> padded(static_cast<size_t>((width + 2 * radius) * channels)), sum(static_cast<size_t>(count));
  std::vector<std::vector<float>> ring(static_cast<size_t>(taps), std::vector<float>(static_cast<size_t>(count)));
  std::vector<int64_t> held(static_cast<size_t>(taps), -1);
  std::vector<const float*> window(static_cast<size_t>(taps));
  for (int64_t y = 0; y < height; y++) {
    for (int64_t k = 0; k < taps; k++) {
      const int64_t row = Reflect101(y + k - radius, height);
      // Rows of one window are at most `taps` consecutive ones, so a slot is never taken twice.
      const auto slot = static_cast<size_t>(row % taps);
      if (held[slot] != row) {
        PadRow(source + row * count, width, channels, radius, padded.data());
        ConvolveAlong(padded.data(), kernel.data(), taps, channels, ring[slot].data(), count);
        held[slot] = row;
      }
      window[static_cast<size_t>(k)] = ring[slot].data();
    }
    ConvolveAcross(window.data(), kernel.data(), radius, sum.data(), count);
    SaturateRow(sum.data(), target + y * count, count);
  }
}

// convolveSeparable(source, width, height, channels, kernel[odd], target)
Napi::Value ConvolveSeparableKernel(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, kMaxChannels);
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto kernel = SpanArg<float>(info, 4, "kernel");
  const auto target = SpanArg<uint8_t>(info, 5, "target", width * height * channels);
  if (kernel.length % 2 == 0 || kernel.length > 4097) FailRange(info, "kernel", "expected an odd length up to 4097");
  return AsyncKernel::Run(
      info, {target.owner, source.owner},
      [=, s = source.data, t = target.data, k = std::vector<float>(kernel.data, kernel.data + kernel.length)] {
        ConvolveSeparable(s, width, height, channels, k, t);
      });
}

// Adds noise[hash(seed, i)] to every value; `shared` gives all channels of a pixel the same.
VECTORIZED void AddNoise(const uint8_t* __restrict source, uint8_t* __restrict target, int64_t pixels,
                         int64_t channels, bool shared, uint32_t seed, const float* __restrict noise) {
  const int64_t count = pixels * channels;
  for (int64_t i = 0; i < count; i++) {
    uint32_t h = static_cast<uint32_t>(shared ? i / channels : i) * 0x9e3779b9u + seed;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    h ^= h >> 16;
    const float value = static_cast<float>(source[i]) + noise[h >> 16];
    target[i] = static_cast<uint8_t>(static_cast<int>(value < 0 ? 0 : value > 255 ? 255 : value));
  }
}

// addNoise(source, channels, shared, seed, noise[65536], target)
Napi::Value AddNoiseKernel(const Napi::CallbackInfo& info) {
  const int64_t channels = IntegerArg(info, 1, "channels", 1, kMaxChannels);
  const auto source = SpanArg<uint8_t>(info, 0, "source");
  const bool shared = IntegerArg(info, 2, "shared", 0, 1) == 1;
  const auto seed = static_cast<uint32_t>(IntegerArg(info, 3, "seed", 0, 0xffffffff));
  const auto noise = SpanArg<float>(info, 4, "noise", 65536);
  const auto target = SpanArg<uint8_t>(info, 5, "target", static_cast<int64_t>(source.length));
  const auto pixels = static_cast<int64_t>(source.length) / channels;
  return AsyncKernel::Run(info, {target.owner, source.owner, noise.owner},
                          [=, s = source.data, n = noise.data, t = target.data] {
                            AddNoise(s, t, pixels, channels, shared, seed, n);
                          });
}

}  // namespace

void RegisterFilters(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "lookUpTable", LookUpTable);
  Export(env, exports, "convolve3x3", Convolve3x3Kernel);
  Export(env, exports, "convolveSeparable", ConvolveSeparableKernel);
  Export(env, exports, "addNoise", AddNoiseKernel);
}

}  // namespace phalanx
