// A row of a warp, eight pixels at a time.
#include "warp.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>

namespace phalanx {
namespace {

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

TARGET_AVX2 inline __m256i EvenWords(__m256i a, __m256i b) {
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
}

// Eight pixels of three or four channels and their right neighbours, which lie within eight bytes from the pixel on.
// False where these would end beyond the image.
TARGET_AVX2 inline bool FetchPairs(const Gather& g, __m256i pixel, int channels, __m256i* left, __m256i* right) {
  const __m256i offset = _mm256_mullo_epi32(pixel, g.channels);
  if (Lanes(_mm256_cmpgt_epi32(offset, _mm256_sub_epi32(g.lastWord, _mm256_set1_epi32(4)))) != 0) return false;
  // Pixels 0, 1, 4, 5 and 2, 3, 6, 7, so that halves of both shuffled together are in order.
  const __m256i apart = _mm256_permute4x64_epi64(offset, 0xd8);
  const auto* base = reinterpret_cast<const long long*>(g.base);
  const __m256i a = _mm256_i32gather_epi64(base, _mm256_castsi256_si128(apart), 1);
  const __m256i b = _mm256_i32gather_epi64(base, _mm256_extracti128_si256(apart, 1), 1);
  *left = EvenWords(a, b);
  *right = channels == 3 ? EvenWords(_mm256_srli_epi64(a, 24), _mm256_srli_epi64(b, 24))
                         : EvenWords(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
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
  } else if (w.channels > 1 && allInside && FetchPairs(g, p, w.channels, &p00, &p01) &&
             FetchPairs(g, below, w.channels, &p10, &p11)) {
    // Both rows are there.
  } else if (!Fetch(g, p, in00, &p00) || !Fetch(g, _mm256_add_epi32(p, one), in01, &p01) ||
             !Fetch(g, below, in10, &p10) || !Fetch(g, _mm256_add_epi32(below, one), in11, &p11)) {
    return false;
  }
  *out = BlendChannels(w.channels, p00, p01, p10, p11, alpha, beta);
  return true;
}

TARGET_AVX2 __m256i LabelFill(const Warp& w, size_t plane) {
  return _mm256_set1_epi32(static_cast<int>(w.labelFill[plane]));
}

// Whether pixels are no word, nor a part of one.
bool IsWide(const Warp& w) { return w.channels == 2 || w.channels > 4; }

TARGET_AVX2 inline __m256i EightChannels(const uint8_t* from) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}

// One interpolated pixel, eight channels at a time. Up to seven bytes beyond it are read and written: those written
// are of pixels that come later.
TARGET_AVX2 inline void SampleWide(const Warp& w, float sx, float sy, int64_t index) {
  const int64_t c = w.channels, reach = (c + 7) & ~int64_t{7};
  uint8_t* const out = w.target + index * c;
  const float floorX = std::floor(sx), floorY = std::floor(sy);
  const auto x = static_cast<int64_t>(floorX), y = static_cast<int64_t>(floorY);
  const bool fits = index * c + reach <= int64_t{w.outWidth} * w.outHeight * c;
  const int64_t last = int64_t{w.width} * w.height * c - reach;
  if (!w.linear || !fits || last < 0) return SamplePixel(w, sx, sy, out);
  const bool inside = x >= 0 && x + 1 < w.width && y >= 0 && y + 1 < w.height;
  const uint8_t* const p = w.source + (y * w.width + x) * c;
  const int64_t row = w.width * c;
  const uint8_t* corners[4];
  if (inside) {
    if (p + row + c - w.source > last) return SamplePixel(w, sx, sy, out);
    corners[0] = p, corners[1] = p + c, corners[2] = p + row, corners[3] = p + row + c;
  } else {
    for (int k = 0; k < 4; k++) {
      corners[k] = PixelAt(w, x + (k & 1), y + (k >> 1));
      if (corners[k] != w.fill && corners[k] - w.source > last) return SamplePixel(w, sx, sy, out);
    }
  }
  const __m256 alpha = _mm256_set1_ps(sx - floorX), beta = _mm256_set1_ps(sy - floorY);
  for (int64_t k = 0; k < c; k += 8) {
    const __m256i value = Blend(EightChannels(corners[0] + k), EightChannels(corners[1] + k),
                                EightChannels(corners[2] + k), EightChannels(corners[3] + k), alpha, beta);
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + k), _mm_packus_epi16(words, words));
  }
}

template <bool kWide>
TARGET_AVX2 void SampleRow(const Warp& w, int y, const float* xs, const float* ys) {
  const int c = w.channels;
  uint32_t fill = 0;
  for (int k = 0; k < std::min(c, 4); k++) fill |= static_cast<uint32_t>(w.fill[k]) << (8 * k);
  const Gather g = {reinterpret_cast<const int*>(w.source), _mm256_set1_epi32(c), _mm256_set1_epi32(w.width),
                    _mm256_set1_epi32(w.width * w.height * c - 4), _mm256_set1_epi32(static_cast<int>(fill))};
  const __m256i one = _mm256_set1_epi32(1);
  int x = 0;
  for (; x + 8 <= w.outWidth; x += 8) {
    const int64_t index = static_cast<int64_t>(y) * w.outWidth + x;
    const __m256 sx = _mm256_loadu_ps(xs + x), sy = _mm256_loadu_ps(ys + x);
    const __m256i nx = _mm256_cvtps_epi32(sx), ny = _mm256_cvtps_epi32(sy);
    // Interpolation reaches less than one pixel beyond the nearest one.
    const __m256i near = _mm256_and_si256(InRange(_mm256_add_epi32(nx, one), w.width + 2),
                                          InRange(_mm256_add_epi32(ny, one), w.height + 2));
    if (w.border == kConstant && Lanes(near) == 0) {
      for (size_t p = 0; p < w.planes.size(); p++) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(w.planes[p].target + index), LabelFill(w, p));
      }
      for (int k = 0; kWide && k < 8; k++) std::copy(w.fill, w.fill + c, w.target + (index + k) * c);
      if (!kWide) StorePixels(w.target + index * c, g.fill, c);
      continue;
    }
    const __m256i inside = _mm256_and_si256(InRange(nx, w.width), InRange(ny, w.height));
    const __m256i from = _mm256_add_epi32(_mm256_mullo_epi32(ny, g.width), nx);
    const bool simple = w.border == kConstant || Lanes(inside) == 255;
    if (simple) {
      for (size_t p = 0; p < w.planes.size(); p++) {
        const PlanePair& plane = w.planes[p];
        const __m256i value = _mm256_mask_i32gather_epi32(
            LabelFill(w, p), reinterpret_cast<const int*>(plane.source), from, inside, 4);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(plane.target + index), value);
      }
    } else {
      for (int k = 0; k < 8; k++) SampleLabels(w, xs[x + k], ys[x + k], index + k);
    }
    for (int k = 0; kWide && k < 8; k++) SampleWide(w, xs[x + k], ys[x + k], index + k);
    if (kWide) continue;
    __m256i pixels;
    if (w.linear ? SampleEight(w, g, sx, sy, &pixels) : simple && Fetch(g, from, inside, &pixels)) {
      StorePixels(w.target + index * c, pixels, c);
    } else {
      for (int k = 0; k < 8; k++) SamplePixel(w, xs[x + k], ys[x + k], w.target + (index + k) * c);
    }
  }
  SampleRowTail(w, y, x, xs, ys);
}

}  // namespace

bool UseAvx2(const Warp& w) {
  // Gathers index with 32 bits.
  const int64_t bytes = static_cast<int64_t>(w.width) * w.height * w.channels;
  if (bytes < 4 || bytes >= (int64_t{1} << 31)) return false;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

void SampleRowAvx2(const Warp& w, int y, const float* xs, const float* ys) {
  if (IsWide(w)) {
    SampleRow<true>(w, y, xs, ys);
  } else {
    SampleRow<false>(w, y, xs, ys);
  }
}

}  // namespace phalanx

#else

namespace phalanx {

bool UseAvx2(const Warp&) { return false; }
void SampleRowAvx2(const Warp& w, int y, const float* xs, const float* ys) { SampleRowTail(w, y, 0, xs, ys); }

}  // namespace phalanx

#endif
