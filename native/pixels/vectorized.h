// Loops compiled twice, for AVX2 with fused multiply-add and for the baseline, chosen when the addon loads; and the
// few functions of which every filter needs one.
#pragma once

#include <cmath>
#include <cstdint>

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12
#define VECTORIZED __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
// Without the fused instruction: the same results, slower.
#define VECTORIZED __attribute__((target_clones("avx2", "default")))
#endif
#else
#define VECTORIZED
#endif

namespace phalanx {

// a * b + c rounded once, whether or not the machine has the instruction. The product of two floats is exact in a
// double, so the result differs from a hardware fmaf only where rounding the sum to double lands on a tie.
inline __attribute__((always_inline)) float Fma(float a, float b, float c) {
#if defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
#endif
}

// Rounded half to even and clipped to 0..255.
inline __attribute__((always_inline)) uint8_t Saturate(float value) {
  const int rounded = static_cast<int>(__builtin_rintf(value));
  return static_cast<uint8_t>(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

// Column mirrored into [0, length) without repeating the border pixel (OpenCV's BORDER_REFLECT_101).
inline int64_t Reflect101(int64_t p, int64_t length) {
  if (length == 1) return 0;
  const int64_t period = 2 * (length - 1);
  const int64_t q = ((p % period) + period) % period;
  return q < length ? q : period - q;
}

}  // namespace phalanx
