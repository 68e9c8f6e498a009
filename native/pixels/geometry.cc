// Warps, flips and resizing of an image together with its packed label planes. Labels are always sampled nearest:
// one 32-bit value per pixel carries every class.
//
// Numbers follow OpenCV 5 (modules/imgproc: warp_kernels.simd.hpp, resize.cpp); src/pixels/geometry.ts says which.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>
#include <cstring>
#include <memory>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace phalanx {
namespace {

enum Border : int { kConstant = 0, kReplicate = 1, kReflect = 2, kWrap = 3, kReflect101 = 4 };

// Index inside [0, length) of a coordinate that may lie outside, or -1 for a constant border.
int BorderIndex(int64_t p, int64_t length, int border) {
  if (p >= 0 && p < length) return static_cast<int>(p);
  switch (border) {
    case kReplicate:
      return static_cast<int>(p < 0 ? 0 : length - 1);
    case kWrap:
      return static_cast<int>(((p % length) + length) % length);
    case kReflect:
    case kReflect101: {
      if (length == 1) return 0;
      const int64_t delta = border == kReflect101;
      const int64_t period = 2 * (length - delta);
      int64_t q = ((p % period) + period) % period;
      if (q >= length) q = period - 1 + delta - q;
      return static_cast<int>(q);
    }
    default:
      return -1;
  }
}

struct Plane {
  const uint32_t* source;
  uint32_t* target;
};

struct Warp {
  const uint8_t* source;
  uint8_t* target;
  std::vector<Plane> planes;
  int width, height, channels, outWidth, outHeight;
  float m[6];  // output pixel to source pixel
  int border;
  uint8_t fill[4];
  bool linear;
};

struct Point {
  float x, y;
};

inline Point SourceOf(const Warp& w, int x, float rowX, float rowY) {
  const float fx = static_cast<float>(x);
  return {Fma(fx, w.m[0], rowX), Fma(fx, w.m[3], rowY)};
}

// Coordinates beyond this are outside of any image; also keeps float to int conversions defined.
inline int64_t Whole(float v) {
  return static_cast<int64_t>(std::max(-1e9f, std::min(1e9f, v)));
}

inline const uint8_t* PixelAt(const Warp& w, int64_t x, int64_t y) {
  if (x >= 0 && x < w.width && y >= 0 && y < w.height) return w.source + (y * w.width + x) * w.channels;
  if (w.border == kConstant) return w.fill;
  return w.source +
         (static_cast<int64_t>(BorderIndex(y, w.height, w.border)) * w.width + BorderIndex(x, w.width, w.border)) *
             w.channels;
}

void SamplePixel(const Warp& w, Point p, uint8_t* out) {
  if (!w.linear) {
    const uint8_t* pixel = PixelAt(w, Whole(std::nearbyintf(p.x)), Whole(std::nearbyintf(p.y)));
    for (int c = 0; c < w.channels; c++) out[c] = pixel[c];
    return;
  }
  const float floorX = std::floor(p.x), floorY = std::floor(p.y);
  const int64_t x = Whole(floorX), y = Whole(floorY);
  const float alpha = p.x - floorX, beta = p.y - floorY;
  const uint8_t *p00 = PixelAt(w, x, y), *p01 = PixelAt(w, x + 1, y);
  const uint8_t *p10 = PixelAt(w, x, y + 1), *p11 = PixelAt(w, x + 1, y + 1);
  for (int c = 0; c < w.channels; c++) {
    const float top = Fma(alpha, static_cast<float>(p01[c] - p00[c]), p00[c]);
    const float bottom = Fma(alpha, static_cast<float>(p11[c] - p10[c]), p10[c]);
    out[c] = static_cast<uint8_t>(std::nearbyintf(Fma(beta, bottom - top, top)));
  }
}

void SampleLabels(const Warp& w, Point p, int64_t index) {
  const int64_t x = Whole(std::nearbyintf(p.x)), y = Whole(std::nearbyintf(p.y));
  const bool inside = x >= 0 && x < w.width && y >= 0 && y < w.height;
  int64_t from = -1;
  if (inside) {
    from = y * w.width + x;
  } else if (w.border != kConstant) {
    from = static_cast<int64_t>(BorderIndex(y, w.height, w.border)) * w.width + BorderIndex(x, w.width, w.border);
  }
  for (const Plane& plane : w.planes) plane.target[index] = from < 0 ? 0 : plane.source[from];
}

void WarpRowTail(const Warp& w, int y, int from, float rowX, float rowY) {
  for (int x = from; x < w.outWidth; x++) {
    const int64_t index = static_cast<int64_t>(y) * w.outWidth + x;
    const Point p = SourceOf(w, x, rowX, rowY);
    SamplePixel(w, p, w.target + index * w.channels);
    SampleLabels(w, p, index);
  }
}

#if defined(__x86_64__)
#define TARGET_AVX2 __attribute__((target("avx2,fma")))

// One channel of eight pixels, blended as OpenCV does: along x, then along y.
TARGET_AVX2 inline __m256i Blend(__m256i p00, __m256i p01, __m256i p10, __m256i p11, __m256 alpha, __m256 beta) {
  const __m256 f00 = _mm256_cvtepi32_ps(p00), f10 = _mm256_cvtepi32_ps(p10);
  const __m256 top = _mm256_fmadd_ps(alpha, _mm256_cvtepi32_ps(_mm256_sub_epi32(p01, p00)), f00);
  const __m256 bottom = _mm256_fmadd_ps(alpha, _mm256_cvtepi32_ps(_mm256_sub_epi32(p11, p10)), f10);
  return _mm256_cvtps_epi32(_mm256_fmadd_ps(beta, _mm256_sub_ps(bottom, top), top));
}

TARGET_AVX2 inline __m256i Channel(__m256i pixels, int channel) {
  return _mm256_and_si256(_mm256_srli_epi32(pixels, 8 * channel), _mm256_set1_epi32(255));
}

// Writes the low `channels` bytes of eight 32-bit pixels.
TARGET_AVX2 inline void StorePixels(uint8_t* out, __m256i pixels, int channels) {
  if (channels == 4) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), pixels);
  } else if (channels == 3) {
    const __m256i order = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8,
                                           9, 10, 12, 13, 14, -1, -1, -1, -1);
    const __m256i packed = _mm256_shuffle_epi8(pixels, order);
    const __m128i high = _mm256_extracti128_si256(packed, 1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(packed));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 12), high);
    const int32_t last = _mm_extract_epi32(high, 2);
    std::memcpy(out + 20, &last, 4);
  } else {
    const __m256i low = _mm256_and_si256(pixels, _mm256_set1_epi32(255));
    const __m256i words = _mm256_packus_epi32(low, low);
    const __m256i bytes = _mm256_packus_epi16(words, words);
    const int32_t first = _mm256_extract_epi32(bytes, 0), second = _mm256_extract_epi32(bytes, 4);
    std::memcpy(out, &first, 4);
    std::memcpy(out + 4, &second, 4);
  }
}

TARGET_AVX2 inline int Lanes(__m256i mask) {
  return _mm256_movemask_ps(_mm256_castsi256_ps(mask));
}

// What stays the same from block to block of eight pixels.
struct Gather {
  const int* base;
  __m256i channels, width, lastWord, fill;
};

// The 32-bit words at eight pixels, the fill where `inside` is not set. False where a word would end beyond the image.
TARGET_AVX2 inline bool Fetch(const Gather& g, __m256i pixel, __m256i inside, __m256i* words) {
  const __m256i offset = _mm256_mullo_epi32(pixel, g.channels);
  if (Lanes(_mm256_and_si256(inside, _mm256_cmpgt_epi32(offset, g.lastWord))) != 0) return false;
  *words = _mm256_mask_i32gather_epi32(g.fill, g.base, offset, inside, 1);
  return true;
}

TARGET_AVX2 inline __m256i BlendChannels(int channels, __m256i p00, __m256i p01, __m256i p10, __m256i p11,
                                         __m256 alpha, __m256 beta) {
  __m256i result = Blend(Channel(p00, 0), Channel(p01, 0), Channel(p10, 0), Channel(p11, 0), alpha, beta);
  for (int k = 1; k < channels; k++) {
    const __m256i value = Blend(Channel(p00, k), Channel(p01, k), Channel(p10, k), Channel(p11, k), alpha, beta);
    result = _mm256_or_si256(result, _mm256_slli_epi32(value, 8 * k));
  }
  return result;
}

// True per lane where 0 <= v < limit (limit may be 0 or negative: never).
TARGET_AVX2 inline __m256i InRange(__m256i v, int limit) {
  return _mm256_and_si256(_mm256_cmpgt_epi32(v, _mm256_set1_epi32(-1)),
                          _mm256_cmpgt_epi32(_mm256_set1_epi32(limit), v));
}

// Eight interpolated pixels, or false where they must be done one by one.
TARGET_AVX2 inline bool SampleEight(const Warp& w, const Gather& g, __m256 sx, __m256 sy, __m256i* out) {
  const __m256i one = _mm256_set1_epi32(1);
  const __m256 floorX = _mm256_floor_ps(sx), floorY = _mm256_floor_ps(sy);
  const __m256i x = _mm256_cvttps_epi32(floorX), y = _mm256_cvttps_epi32(floorY);
  const __m256 alpha = _mm256_sub_ps(sx, floorX), beta = _mm256_sub_ps(sy, floorY);
  const __m256i p = _mm256_add_epi32(_mm256_mullo_epi32(y, g.width), x);
  const __m256i x0 = InRange(x, w.width), x1 = InRange(_mm256_add_epi32(x, one), w.width);
  const __m256i y0 = InRange(y, w.height), y1 = InRange(_mm256_add_epi32(y, one), w.height);
  const __m256i in00 = _mm256_and_si256(x0, y0), in01 = _mm256_and_si256(x1, y0);
  const __m256i in10 = _mm256_and_si256(x0, y1), in11 = _mm256_and_si256(x1, y1);
  const bool allInside = Lanes(_mm256_and_si256(in00, in11)) == 255;
  if (!allInside && w.border != kConstant) return false;
  const __m256i below = _mm256_add_epi32(p, g.width);
  __m256i p00, p01, p10, p11;
  if (w.channels == 1 && allInside) {
    // One word holds a pixel and its right neighbour.
    if (!Fetch(g, p, in00, &p00) || !Fetch(g, below, in10, &p10)) return false;
    p01 = _mm256_srli_epi32(p00, 8);
    p11 = _mm256_srli_epi32(p10, 8);
  } else if (!Fetch(g, p, in00, &p00) || !Fetch(g, _mm256_add_epi32(p, one), in01, &p01) ||
             !Fetch(g, below, in10, &p10) || !Fetch(g, _mm256_add_epi32(below, one), in11, &p11)) {
    return false;
  }
  *out = BlendChannels(w.channels, p00, p01, p10, p11, alpha, beta);
  return true;
}

TARGET_AVX2 void WarpRowsAvx2(const Warp& w) {
  const int c = w.channels;
  const __m256 m0 = _mm256_set1_ps(w.m[0]), m3 = _mm256_set1_ps(w.m[3]);
  const __m256 lanes = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
  // Far enough outside for any image, and near enough for 32-bit products of coordinates not to matter.
  const __m256 low = _mm256_set1_ps(-1e9f), high = _mm256_set1_ps(1e9f);
  uint32_t fill = 0;
  for (int k = 0; k < c; k++) fill |= static_cast<uint32_t>(w.fill[k]) << (8 * k);
  const Gather g = {reinterpret_cast<const int*>(w.source), _mm256_set1_epi32(c), _mm256_set1_epi32(w.width),
                    _mm256_set1_epi32(w.width * w.height * c - 4), _mm256_set1_epi32(static_cast<int>(fill))};
  const __m256i one = _mm256_set1_epi32(1);
  for (int y = 0; y < w.outHeight; y++) {
    const float fy = static_cast<float>(y);
    const float rowX = fy * w.m[1] + w.m[2], rowY = fy * w.m[4] + w.m[5];
    const __m256 vRowX = _mm256_set1_ps(rowX), vRowY = _mm256_set1_ps(rowY);
    int x = 0;
    for (; x + 8 <= w.outWidth; x += 8) {
      const int64_t index = static_cast<int64_t>(y) * w.outWidth + x;
      const __m256 fx = _mm256_add_ps(_mm256_set1_ps(static_cast<float>(x)), lanes);
      const __m256 sx = _mm256_max_ps(low, _mm256_min_ps(high, _mm256_fmadd_ps(fx, m0, vRowX)));
      const __m256 sy = _mm256_max_ps(low, _mm256_min_ps(high, _mm256_fmadd_ps(fx, m3, vRowY)));
      const __m256i nx = _mm256_cvtps_epi32(sx), ny = _mm256_cvtps_epi32(sy);
      // Interpolation reaches less than one pixel beyond the nearest one.
      const __m256i near = _mm256_and_si256(InRange(_mm256_add_epi32(nx, one), w.width + 2),
                                            InRange(_mm256_add_epi32(ny, one), w.height + 2));
      if (w.border == kConstant && Lanes(near) == 0) {
        for (const Plane& plane : w.planes) {
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(plane.target + index), _mm256_setzero_si256());
        }
        StorePixels(w.target + index * c, g.fill, c);
        continue;
      }
      const __m256i inside = _mm256_and_si256(InRange(nx, w.width), InRange(ny, w.height));
      const __m256i from = _mm256_add_epi32(_mm256_mullo_epi32(ny, g.width), nx);
      const bool simple = w.border == kConstant || Lanes(inside) == 255;
      if (simple) {
        for (const Plane& plane : w.planes) {
          const __m256i value = _mm256_mask_i32gather_epi32(
              _mm256_setzero_si256(), reinterpret_cast<const int*>(plane.source), from, inside, 4);
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(plane.target + index), value);
        }
      } else {
        for (int k = 0; k < 8; k++) SampleLabels(w, SourceOf(w, x + k, rowX, rowY), index + k);
      }
      __m256i pixels;
      if (w.linear ? SampleEight(w, g, sx, sy, &pixels) : simple && Fetch(g, from, inside, &pixels)) {
        StorePixels(w.target + index * c, pixels, c);
      } else {
        for (int k = 0; k < 8; k++) {
          SamplePixel(w, SourceOf(w, x + k, rowX, rowY), w.target + (index + k) * c);
        }
      }
    }
    WarpRowTail(w, y, x, rowX, rowY);
  }
}
#endif

void RunWarp(const Warp& w) {
#if defined(__x86_64__)
  // Gathers index with 32 bits.
  const int64_t bytes = static_cast<int64_t>(w.width) * w.height * w.channels;
  if (bytes >= 4 && bytes < (int64_t{1} << 31) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    WarpRowsAvx2(w);
    return;
  }
#endif
  for (int y = 0; y < w.outHeight; y++) {
    const float fy = static_cast<float>(y);
    WarpRowTail(w, y, 0, fy * w.m[1] + w.m[2], fy * w.m[4] + w.m[5]);
  }
}

std::vector<Plane> PlanesOf(const std::vector<Span<uint32_t>>& source, const std::vector<Span<uint32_t>>& target) {
  std::vector<Plane> planes;
  for (size_t i = 0; i < source.size(); i++) planes.push_back({source[i].data, target[i].data});
  return planes;
}

void Keep(std::vector<Napi::Object>& keep, const std::vector<Span<uint32_t>>& spans) {
  for (const Span<uint32_t>& span : spans) keep.push_back(span.owner);
}

// warpAffine(source, width, height, channels, planes, matrix[6], border, fill[4], linear,
//            target, outWidth, outHeight, outPlanes)
Napi::Value WarpAffine(const Napi::CallbackInfo& info) {
  Warp w;
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, 4);
  const int64_t outWidth = SideArg(info, 10, "outWidth"), outHeight = SideArg(info, 11, "outHeight");
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto planes = SpansArg<uint32_t>(info, 4, "planes", kAnyLength, width * height);
  const auto matrix = SpanArg<double>(info, 5, "matrix", 6);
  const auto fill = SpanArg<uint8_t>(info, 7, "fill", 4);
  const auto target = SpanArg<uint8_t>(info, 9, "target", outWidth * outHeight * channels);
  const auto outPlanes =
      SpansArg<uint32_t>(info, 12, "outPlanes", static_cast<int64_t>(planes.size()), outWidth * outHeight);
  w.source = source.data;
  w.target = target.data;
  w.planes = PlanesOf(planes, outPlanes);
  w.width = static_cast<int>(width);
  w.height = static_cast<int>(height);
  w.channels = static_cast<int>(channels);
  w.outWidth = static_cast<int>(outWidth);
  w.outHeight = static_cast<int>(outHeight);
  w.border = static_cast<int>(IntegerArg(info, 6, "border", 0, 4));
  w.linear = IntegerArg(info, 8, "linear", 0, 1) == 1;
  for (int i = 0; i < 6; i++) w.m[i] = static_cast<float>(matrix[i]);
  std::copy(fill.data, fill.data + 4, w.fill);
  std::vector<Napi::Object> keep{target.owner, source.owner};
  Keep(keep, planes);
  Keep(keep, outPlanes);
  return AsyncKernel::Run(info, keep, [w] { RunWarp(w); });
}

void MirrorRow(const uint8_t* source, uint8_t* target, int64_t width, int channels) {
  int64_t x = 0;
#if defined(__x86_64__)
  if (channels == 3) {
    // Five pixels at a time; the byte before the first of them is read, and the byte after the last is written.
    const __m128i order = _mm_setr_epi8(13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, -1);
    for (; x + 5 < width; x += 5) {
      const auto* from = reinterpret_cast<const __m128i*>(source + 3 * (width - 5 - x) - 1);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(target + 3 * x), _mm_shuffle_epi8(_mm_loadu_si128(from), order));
    }
  }
#endif
  if (channels == 1) {
    for (; x < width; x++) target[x] = source[width - 1 - x];
    return;
  }
  for (; x < width; x++) {
    for (int c = 0; c < channels; c++) target[x * channels + c] = source[(width - 1 - x) * channels + c];
  }
}

// flip(source, width, height, channels, planes, horizontal, target, outPlanes)
Napi::Value Flip(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int channels = static_cast<int>(IntegerArg(info, 3, "channels", 1, 4));
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto planes = SpansArg<uint32_t>(info, 4, "planes", kAnyLength, width * height);
  const bool horizontal = IntegerArg(info, 5, "horizontal", 0, 1) == 1;
  const auto target = SpanArg<uint8_t>(info, 6, "target", width * height * channels);
  const auto outPlanes = SpansArg<uint32_t>(info, 7, "outPlanes", static_cast<int64_t>(planes.size()), width * height);
  std::vector<Napi::Object> keep{target.owner, source.owner};
  Keep(keep, planes);
  Keep(keep, outPlanes);
  const uint8_t* from = source.data;
  uint8_t* to = target.data;
  return AsyncKernel::Run(info, keep, [=, pairs = PlanesOf(planes, outPlanes)] {
    const int64_t stride = width * channels;
    for (int64_t y = 0; y < height; y++) {
      const int64_t mirrored = horizontal ? y : height - 1 - y;
      if (horizontal) {
        MirrorRow(from + y * stride, to + y * stride, width, channels);
      } else {
        std::memcpy(to + y * stride, from + mirrored * stride, static_cast<size_t>(stride));
      }
      for (const Plane& plane : pairs) {
        const uint32_t* a = plane.source + mirrored * width;
        uint32_t* b = plane.target + y * width;
        if (horizontal) {
          std::reverse_copy(a, a + width, b);
        } else {
          std::memcpy(b, a, static_cast<size_t>(width) * 4);
        }
      }
    }
  });
}

// Where each output coordinate reads along one axis, and with which 11-bit weights.
struct Taps {
  std::vector<int> first, second;
  std::vector<int> weight0, weight1;
};

Taps LinearTaps(int64_t from, int64_t to, bool clampWeights) {
  Taps taps;
  const double scale = 1.0 / (static_cast<double>(to) / static_cast<double>(from));
  for (int64_t i = 0; i < to; i++) {
    const float position = static_cast<float>((static_cast<double>(i) + 0.5) * scale - 0.5);
    int64_t index = static_cast<int64_t>(std::floor(position));
    float fraction = position - static_cast<float>(index);
    if (clampWeights && (index < 0 || index >= from - 1)) {
      fraction = 0;
      index = index < 0 ? 0 : from - 1;
    }
    taps.first.push_back(static_cast<int>(std::clamp<int64_t>(index, 0, from - 1)));
    taps.second.push_back(static_cast<int>(std::clamp<int64_t>(index + 1, 0, from - 1)));
    taps.weight0.push_back(static_cast<int>(std::nearbyintf((1.0f - fraction) * 2048.0f)));
    taps.weight1.push_back(static_cast<int>(std::nearbyintf(fraction * 2048.0f)));
  }
  return taps;
}

std::vector<int> NearestTaps(int64_t from, int64_t to) {
  std::vector<int> taps;
  const double scale = 1.0 / (static_cast<double>(to) / static_cast<double>(from));
  for (int64_t i = 0; i < to; i++) {
    taps.push_back(static_cast<int>(std::min<int64_t>(static_cast<int64_t>(std::floor(i * scale)), from - 1)));
  }
  return taps;
}

VECTORIZED void BlendRows(const int* __restrict a, const int* __restrict b, int weightA, int weightB,
                          uint8_t* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const int sum = ((weightA * (a[i] >> 4)) >> 16) + ((weightB * (b[i] >> 4)) >> 16) + 2;
    const int value = sum >> 2;
    out[i] = static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
  }
}

void ResizeLinear(const uint8_t* source, int64_t width, int64_t height, int64_t channels, uint8_t* target,
                  int64_t outWidth, int64_t outHeight) {
  const Taps columns = LinearTaps(width, outWidth, true), rows = LinearTaps(height, outHeight, false);
  const int64_t count = outWidth * channels;
  std::vector<int> buffers[2] = {std::vector<int>(static_cast<size_t>(count)),
                                 std::vector<int>(static_cast<size_t>(count))};
  int held[2] = {-1, -1};
  for (int64_t y = 0; y < outHeight; y++) {
    const int wanted[2] = {rows.first[static_cast<size_t>(y)], rows.second[static_cast<size_t>(y)]};
    int slots[2];
    for (int k = 0; k < 2; k++) {
      int slot = held[0] == wanted[k] ? 0 : held[1] == wanted[k] ? 1 : -1;
      if (slot < 0) {
        slot = k == 1 ? 1 - slots[0] : (held[0] == wanted[1] ? 1 : 0);
        const uint8_t* row = source + static_cast<int64_t>(wanted[k]) * width * channels;
        int* out = buffers[slot].data();
        for (size_t x = 0; x < static_cast<size_t>(outWidth); x++) {
          const uint8_t *a = row + columns.first[x] * channels, *b = row + columns.second[x] * channels;
          const int w0 = columns.weight0[x], w1 = columns.weight1[x];
          for (int64_t c = 0; c < channels; c++) *out++ = a[c] * w0 + b[c] * w1;
        }
        held[slot] = wanted[k];
      }
      slots[k] = slot;
    }
    BlendRows(buffers[slots[0]].data(), buffers[slots[1]].data(), rows.weight0[static_cast<size_t>(y)],
              rows.weight1[static_cast<size_t>(y)], target + y * count, count);
  }
}

template <typename T>
void ResizeNearest(const T* source, int64_t width, int64_t channels, T* target, const std::vector<int>& columns,
                   const std::vector<int>& rows) {
  for (const int row : rows) {
    const T* from = source + static_cast<int64_t>(row) * width * channels;
    for (const int column : columns) {
      for (int64_t c = 0; c < channels; c++) *target++ = from[column * channels + c];
    }
  }
}

// resize(source, width, height, channels, planes, linear, target, outWidth, outHeight, outPlanes)
Napi::Value Resize(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, 4);
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto planes = SpansArg<uint32_t>(info, 4, "planes", kAnyLength, width * height);
  const bool linear = IntegerArg(info, 5, "linear", 0, 1) == 1;
  const int64_t outWidth = SideArg(info, 7, "outWidth"), outHeight = SideArg(info, 8, "outHeight");
  const auto target = SpanArg<uint8_t>(info, 6, "target", outWidth * outHeight * channels);
  const auto outPlanes =
      SpansArg<uint32_t>(info, 9, "outPlanes", static_cast<int64_t>(planes.size()), outWidth * outHeight);
  std::vector<Napi::Object> keep{target.owner, source.owner};
  Keep(keep, planes);
  Keep(keep, outPlanes);
  const uint8_t* from = source.data;
  uint8_t* to = target.data;
  return AsyncKernel::Run(info, keep, [=, pairs = PlanesOf(planes, outPlanes)] {
    const std::vector<int> columns = NearestTaps(width, outWidth), rows = NearestTaps(height, outHeight);
    if (linear) {
      ResizeLinear(from, width, height, channels, to, outWidth, outHeight);
    } else {
      ResizeNearest(from, width, channels, to, columns, rows);
    }
    for (const Plane& plane : pairs) ResizeNearest<uint32_t>(plane.source, width, 1, plane.target, columns, rows);
  });
}

}  // namespace

void RegisterGeometry(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "warpAffine", WarpAffine);
  Export(env, exports, "flip", Flip);
  Export(env, exports, "resize", Resize);
}

}  // namespace phalanx
