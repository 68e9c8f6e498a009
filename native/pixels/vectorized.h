// Loops compiled twice, for AVX2 with fused multiply-add and for the baseline, chosen when the addon loads; and a
// fused multiply-add that gives the same result in both.
#pragma once

#include <cmath>

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define VECTORIZED __attribute__((target_clones("arch=haswell", "default")))
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

}  // namespace phalanx
