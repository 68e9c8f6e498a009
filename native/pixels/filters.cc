// Filters of 8-bit images: lookup tables, 3x3 and separable convolution, CLAHE, Gaussian noise.
//
// Numbers follow OpenCV 5 (modules/imgproc: filter.simd.hpp, clahe.cpp); src/pixels/filters.ts says which.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace phalanx {
namespace {

// Column mirrored into [0, length) without repeating the border pixel (OpenCV's BORDER_REFLECT_101).
int64_t Reflect101(int64_t p, int64_t length) {
  if (length == 1) return 0;
  const int64_t period = 2 * (length - 1);
  const int64_t q = ((p % period) + period) % period;
  return q < length ? q : period - q;
}

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
  for (size_t i = 0; i < length; i++) target[i] = table[source[i]];
}

// lookUpTable(source, table[256], target)
Napi::Value LookUpTable(const Napi::CallbackInfo& info) {
  const auto source = SpanArg<uint8_t>(info, 0, "source");
  const auto table = SpanArg<uint8_t>(info, 1, "table", 256);
  const auto target = SpanArg<uint8_t>(info, 2, "target", static_cast<int64_t>(source.length));
  return AsyncKernel::Run(info, {target.owner, source.owner, table.owner},
                          [s = source.data, t = table.data, o = target.data, n = source.length] { LookUp(s, t, o, n); });
}

// One row as floats with `radius` mirrored pixels on either side.
VECTORIZED void PadRow(const uint8_t* row, int64_t width, int64_t channels, int64_t radius, float* out) {
  for (int64_t x = 0; x < width * channels; x++) out[radius * channels + x] = static_cast<float>(row[x]);
  for (int64_t x = 1; x <= radius; x++) {
    for (int64_t c = 0; c < channels; c++) {
      out[(radius - x) * channels + c] = static_cast<float>(row[Reflect101(-x, width) * channels + c]);
      out[(radius + width - 1 + x) * channels + c] =
          static_cast<float>(row[Reflect101(width - 1 + x, width) * channels + c]);
    }
  }
}

inline __attribute__((always_inline)) uint8_t Saturate(float value) {
  const int rounded = static_cast<int>(__builtin_rintf(value));
  return static_cast<uint8_t>(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

// The sum runs over the kernel row by row, each term fused: the order of OpenCV's FilterVec_8u.
VECTORIZED void Convolve3x3Row(const float* a, const float* b, const float* c, const float* k, int64_t step,
                               uint8_t* out, int64_t count) {
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
  const int64_t channels = IntegerArg(info, 3, "channels", 1, 4);
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto kernel = SpanArg<float>(info, 4, "kernel", 9);
  const auto target = SpanArg<uint8_t>(info, 5, "target", width * height * channels);
  return AsyncKernel::Run(info, {target.owner, source.owner, kernel.owner},
                          [=, s = source.data, k = kernel.data, t = target.data] {
                            Convolve3x3(s, width, height, channels, k, t);
                          });
}

// Along the row: taps in order, each fused.
VECTORIZED void ConvolveAlong(const float* row, const float* kernel, int64_t taps, int64_t step, float* out,
                              int64_t count) {
  for (int64_t x = 0; x < count; x++) out[x] = row[x] * kernel[0];
  for (int64_t i = 1; i < taps; i++) {
    const float k = kernel[i];
    const float* shifted = row + i * step;
    for (int64_t x = 0; x < count; x++) out[x] = __builtin_fmaf(shifted[x], k, out[x]);
  }
}

// Across rows: centre first, then pairs of mirrored rows, each fused.
VECTORIZED void ConvolveAcross(const float* const* rows, const float* kernel, int64_t radius, float* sum, uint8_t* out,
                               int64_t count) {
  const float* centre = rows[radius];
  for (int64_t x = 0; x < count; x++) sum[x] = centre[x] * kernel[radius];
  for (int64_t i = 1; i <= radius; i++) {
    const float *above = rows[radius - i], *below = rows[radius + i];
    const float k = kernel[radius + i];
    for (int64_t x = 0; x < count; x++) sum[x] = __builtin_fmaf(above[x] + below[x], k, sum[x]);
  }
  for (int64_t x = 0; x < count; x++) out[x] = Saturate(sum[x]);
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
    ConvolveAcross(window.data(), kernel.data(), radius, sum.data(), target + y * count, count);
  }
}

// convolveSeparable(source, width, height, channels, kernel[odd], target)
Napi::Value ConvolveSeparableKernel(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, 4);
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

struct Grid {
  int64_t tilesX, tilesY, tileWidth, tileHeight;
};

// Tiles divide the image, extended by mirroring where it is not divisible: by a whole tile count when one side is not.
Grid GridOf(int64_t width, int64_t height, int64_t tilesX, int64_t tilesY) {
  const bool divisible = width % tilesX == 0 && height % tilesY == 0;
  const int64_t extendedWidth = divisible ? width : width + tilesX - width % tilesX;
  const int64_t extendedHeight = divisible ? height : height + tilesY - height % tilesY;
  return {tilesX, tilesY, extendedWidth / tilesX, extendedHeight / tilesY};
}

// The equalizing table of one tile, its histogram clipped and the surplus spread evenly.
void TileTable(const uint8_t* grey, int64_t width, int64_t height, const Grid& g, int64_t tx, int64_t ty,
               double clipLimit, uint8_t* table) {
  // Four histograms: neighbouring pixels are often equal, and one counter would wait for itself.
  uint32_t parts[4][256] = {};
  for (int64_t j = 0; j < g.tileHeight; j++) {
    const uint8_t* row = grey + Reflect101(ty * g.tileHeight + j, height) * width;
    const int64_t first = tx * g.tileWidth, inside = std::min(first + g.tileWidth, width);
    int64_t x = first;
    for (; x + 4 <= inside; x += 4) {
      for (int64_t k = 0; k < 4; k++) parts[k][row[x + k]]++;
    }
    for (; x < first + g.tileWidth; x++) parts[0][row[Reflect101(x, width)]]++;
  }
  std::array<int64_t, 256> histogram;
  for (size_t i = 0; i < 256; i++) histogram[i] = int64_t{parts[0][i]} + parts[1][i] + parts[2][i] + parts[3][i];

  const int64_t area = g.tileWidth * g.tileHeight;
  if (clipLimit > 0) {
    const int64_t limit = std::max<int64_t>(static_cast<int64_t>(clipLimit * static_cast<double>(area) / 256), 1);
    int64_t clipped = 0;
    for (int64_t& count : histogram) {
      clipped += std::max<int64_t>(count - limit, 0);
      count = std::min(count, limit);
    }
    const int64_t share = clipped / 256;
    int64_t residual = clipped - share * 256;
    for (int64_t& count : histogram) count += share;
    if (residual != 0) {
      const int64_t step = std::max<int64_t>(256 / residual, 1);
      for (int64_t i = 0; i < 256 && residual > 0; i += step, residual--) histogram[static_cast<size_t>(i)]++;
    }
  }
  const float scale = 255.0f / static_cast<float>(area);
  int64_t sum = 0;
  for (size_t i = 0; i < 256; i++) {
    sum += histogram[i];
    table[i] = Saturate(static_cast<float>(sum) * scale);
  }
}

VECTORIZED void BlendTables(const uint8_t* grey, const uint32_t* cell, const float* alpha, const float* alpha1,
                            float beta, float beta1, uint8_t* out, int64_t count) {
  for (int64_t x = 0; x < count; x++) {
    const uint32_t four = cell[grey[x]];
    const float a = static_cast<float>(static_cast<int>(four & 255));
    const float b = static_cast<float>(static_cast<int>((four >> 8) & 255));
    const float c = static_cast<float>(static_cast<int>((four >> 16) & 255));
    const float d = static_cast<float>(static_cast<int>(four >> 24));
    const float top = a * alpha1[x] + b * alpha[x], bottom = c * alpha1[x] + d * alpha[x];
    out[x] = Saturate(top * beta1 + bottom * beta);
  }
}

void Clahe(const uint8_t* grey, int64_t width, int64_t height, double clipLimit, int64_t tilesX, int64_t tilesY,
           uint8_t* target) {
  const Grid g = GridOf(width, height, tilesX, tilesY);
  std::vector<uint8_t> tables(static_cast<size_t>(tilesX * tilesY * 256));
  for (int64_t ty = 0; ty < tilesY; ty++) {
    for (int64_t tx = 0; tx < tilesX; tx++) {
      TileTable(grey, width, height, g, tx, ty, clipLimit, tables.data() + (ty * tilesX + tx) * 256);
    }
  }
  std::vector<float> alpha(static_cast<size_t>(width)), alpha1(static_cast<size_t>(width));
  std::vector<int64_t> left(static_cast<size_t>(width));
  const float inverseWidth = 1.0f / static_cast<float>(g.tileWidth);
  const float inverseHeight = 1.0f / static_cast<float>(g.tileHeight);
  for (size_t x = 0; x < static_cast<size_t>(width); x++) {
    const float position = static_cast<float>(x) * inverseWidth - 0.5f;
    left[x] = static_cast<int64_t>(std::floor(position));
    alpha[x] = position - static_cast<float>(left[x]);
    alpha1[x] = 1.0f - alpha[x];
  }
  // Between four tile centres the same four tables are blended: the cell holds them side by side, one load per pixel.
  std::vector<uint32_t> cells(static_cast<size_t>((tilesX + 1) * 256));
  int64_t heldTop = -2;
  for (int64_t y = 0; y < height; y++) {
    const float position = static_cast<float>(y) * inverseHeight - 0.5f;
    const auto top = static_cast<int64_t>(std::floor(position));
    const float beta = position - static_cast<float>(top), beta1 = 1.0f - beta;
    if (top != heldTop) {
      const int64_t y1 = std::max<int64_t>(top, 0), y2 = std::min(top + 1, tilesY - 1);
      for (int64_t cell = 0; cell <= tilesX; cell++) {
        const int64_t x1 = std::max<int64_t>(cell - 1, 0), x2 = std::min(cell, tilesX - 1);
        const uint8_t *a = &tables[static_cast<size_t>((y1 * tilesX + x1) * 256)],
                      *b = &tables[static_cast<size_t>((y1 * tilesX + x2) * 256)],
                      *c = &tables[static_cast<size_t>((y2 * tilesX + x1) * 256)],
                      *d = &tables[static_cast<size_t>((y2 * tilesX + x2) * 256)];
        uint32_t* packed = &cells[static_cast<size_t>(cell * 256)];
        for (int i = 0; i < 256; i++) {
          packed[i] = a[i] | uint32_t{b[i]} << 8 | uint32_t{c[i]} << 16 | uint32_t{d[i]} << 24;
        }
      }
      heldTop = top;
    }
    for (int64_t x = 0; x < width;) {
      const int64_t cell = left[static_cast<size_t>(x)];
      int64_t end = x + 1;
      while (end < width && left[static_cast<size_t>(end)] == cell) end++;
      BlendTables(grey + y * width + x, &cells[static_cast<size_t>((cell + 1) * 256)], &alpha[static_cast<size_t>(x)],
                  &alpha1[static_cast<size_t>(x)], beta, beta1, target + y * width + x, end - x);
      x = end;
    }
  }
}

// clahe(grey, width, height, clipLimit, tilesX, tilesY, target)
Napi::Value ClaheKernel(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const auto grey = SpanArg<uint8_t>(info, 0, "grey", width * height);
  const double clipLimit = NumberArg(info, 3, "clipLimit");
  const int64_t tilesX = IntegerArg(info, 4, "tilesX", 1, 256), tilesY = IntegerArg(info, 5, "tilesY", 1, 256);
  const auto target = SpanArg<uint8_t>(info, 6, "target", width * height);
  return AsyncKernel::Run(info, {target.owner, grey.owner}, [=, s = grey.data, t = target.data] {
    Clahe(s, width, height, clipLimit, tilesX, tilesY, t);
  });
}

// Adds noise[hash(seed, i)] to every value; `shared` gives all channels of a pixel the same.
VECTORIZED void AddNoise(const uint8_t* source, uint8_t* target, int64_t pixels, int64_t channels, bool shared,
                         uint32_t seed, const float* noise) {
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
  const int64_t channels = IntegerArg(info, 1, "channels", 1, 4);
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
  Export(env, exports, "clahe", ClaheKernel);
  Export(env, exports, "addNoise", AddNoiseKernel);
}

}  // namespace phalanx
