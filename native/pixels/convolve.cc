// Sums along a row and across rows, 32 columns at a time.
#include "convolve.h"

#include "vectorized.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace phalanx {
namespace {

// From column `x` on.
void ConvolveAlongFrom(int64_t x, const float* row, const float* kernel, int64_t taps, int64_t step, float* out,
                       int64_t count) {
  for (; x < count; x++) {
    float sum = row[x] * kernel[0];
    for (int64_t i = 1; i < taps; i++) sum = __builtin_fmaf(row[x + i * step], kernel[i], sum);
    out[x] = sum;
  }
}

// From column `x` on.
void ConvolveAcrossFrom(int64_t x, const float* const* rows, const float* kernel, int64_t radius, float* out,
                        int64_t count) {
  for (; x < count; x++) {
    float sum = rows[radius][x] * kernel[radius];
    for (int64_t i = 1; i <= radius; i++) {
      sum = __builtin_fmaf(rows[radius - i][x] + rows[radius + i][x], kernel[radius + i], sum);
    }
    out[x] = sum;
  }
}

#if defined(__x86_64__)
#define TARGET_AVX2 __attribute__((target("avx2,fma")))

// Sums of 32 columns stay in four registers through all taps.
constexpr int64_t kBlock = 32;

TARGET_AVX2 int64_t ConvolveAlongAvx2(const float* row, const float* kernel, int64_t taps, int64_t step, float* out,
                                      int64_t count) {
  int64_t x = 0;
  for (; x + kBlock <= count; x += kBlock) {
    __m256 sums[4];
    const __m256 first = _mm256_set1_ps(kernel[0]);
    for (int j = 0; j < 4; j++) sums[j] = _mm256_mul_ps(_mm256_loadu_ps(row + x + 8 * j), first);
    for (int64_t i = 1; i < taps; i++) {
      const __m256 k = _mm256_set1_ps(kernel[i]);
      const float* from = row + x + i * step;
      for (int j = 0; j < 4; j++) sums[j] = _mm256_fmadd_ps(_mm256_loadu_ps(from + 8 * j), k, sums[j]);
    }
    for (int j = 0; j < 4; j++) _mm256_storeu_ps(out + x + 8 * j, sums[j]);
  }
  return x;
}

TARGET_AVX2 int64_t ConvolveAcrossAvx2(const float* const* rows, const float* kernel, int64_t radius, float* out,
                                       int64_t count) {
  int64_t x = 0;
  for (; x + kBlock <= count; x += kBlock) {
    __m256 sums[4];
    const __m256 centre = _mm256_set1_ps(kernel[radius]);
    for (int j = 0; j < 4; j++) sums[j] = _mm256_mul_ps(_mm256_loadu_ps(rows[radius] + x + 8 * j), centre);
    for (int64_t i = 1; i <= radius; i++) {
      const __m256 k = _mm256_set1_ps(kernel[radius + i]);
      const float *above = rows[radius - i] + x, *below = rows[radius + i] + x;
      for (int j = 0; j < 4; j++) {
        const __m256 pair = _mm256_add_ps(_mm256_loadu_ps(above + 8 * j), _mm256_loadu_ps(below + 8 * j));
        sums[j] = _mm256_fmadd_ps(pair, k, sums[j]);
      }
    }
    for (int j = 0; j < 4; j++) _mm256_storeu_ps(out + x + 8 * j, sums[j]);
  }
  return x;
}

bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}
#else
constexpr bool HasAvx2() { return false; }
inline int64_t ConvolveAlongAvx2(const float*, const float*, int64_t, int64_t, float*, int64_t) { return 0; }
inline int64_t ConvolveAcrossAvx2(const float* const*, const float*, int64_t, float*, int64_t) { return 0; }
#endif

}  // namespace

VECTORIZED void PadRow(const uint8_t* __restrict row, int64_t width, int64_t channels, int64_t radius,
                       float* __restrict out) {
  for (int64_t x = 0; x < width * channels; x++) out[radius * channels + x] = static_cast<float>(row[x]);
  for (int64_t x = 1; x <= radius; x++) {
    for (int64_t c = 0; c < channels; c++) {
      out[(radius - x) * channels + c] = static_cast<float>(row[Reflect101(-x, width) * channels + c]);
      out[(radius + width - 1 + x) * channels + c] =
          static_cast<float>(row[Reflect101(width - 1 + x, width) * channels + c]);
    }
  }
}

void ConvolveAlong(const float* row, const float* kernel, int64_t taps, int64_t step, float* out, int64_t count) {
  const int64_t done = HasAvx2() ? ConvolveAlongAvx2(row, kernel, taps, step, out, count) : 0;
  ConvolveAlongFrom(done, row, kernel, taps, step, out, count);
}

void ConvolveAcross(const float* const* rows, const float* kernel, int64_t radius, float* out, int64_t count) {
  const int64_t done = HasAvx2() ? ConvolveAcrossAvx2(rows, kernel, radius, out, count) : 0;
  ConvolveAcrossFrom(done, rows, kernel, radius, out, count);
}

}  // namespace phalanx
