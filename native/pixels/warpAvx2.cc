// A row of a warp, eight pixels at a time.
#include "warp.h"
#include "warpLanes.h"

#if defined(__x86_64__)

namespace phalanx {
namespace {

// A coordinate's whole part and what is left of it.
struct Parts {
  __m256i whole;
  __m256 rest;

  TARGET_AVX2 explicit Parts(__m256 v) {
    const __m256 floor = _mm256_floor_ps(v);
    whole = _mm256_cvttps_epi32(floor);
    rest = _mm256_sub_ps(v, floor);
  }
};

// Eight interpolated pixels, or false where they must be done one by one.
template <int kChannels>
TARGET_AVX2 inline bool SampleEight(const Warp& w, const Gather& g, const Parts& x, const Parts& y, __m256i* out) {
  const __m256i one = _mm256_set1_epi32(1);
  const __m256i p = _mm256_add_epi32(_mm256_mullo_epi32(y.whole, g.width), x.whole);
  const __m256i x0 = InRange(x.whole, w.width), x1 = InRange(_mm256_add_epi32(x.whole, one), w.width);
  const __m256i y0 = InRange(y.whole, w.height), y1 = InRange(_mm256_add_epi32(y.whole, one), w.height);
  const __m256i in00 = _mm256_and_si256(x0, y0), in01 = _mm256_and_si256(x1, y0);
  const __m256i in10 = _mm256_and_si256(x0, y1), in11 = _mm256_and_si256(x1, y1);
  if (w.border != kConstant && Lanes(_mm256_and_si256(in00, in11)) != 255) return false;
  const __m256i below = _mm256_add_epi32(p, g.width);
  __m256i p00, p01, p10, p11;
  if (!Fetch(g, p, in00, &p00) || !Fetch(g, _mm256_add_epi32(p, one), in01, &p01) || !Fetch(g, below, in10, &p10) ||
      !Fetch(g, _mm256_add_epi32(below, one), in11, &p11)) {
    return false;
  }
  *out = BlendChannels<kChannels>(p00, p01, p10, p11, x.rest, y.rest);
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

// Eight interpolated pixels whose neighbours are all inside, the last of them not in the last row.
template <int kChannels>
TARGET_AVX2 inline __m256i SampleInside(const Gather& g, const Parts& x, const Parts& y) {
  const __m256i p = _mm256_add_epi32(_mm256_mullo_epi32(y.whole, g.width), x.whole);
  const __m256i offset = _mm256_mullo_epi32(p, g.channels), below = _mm256_add_epi32(offset, g.stride);
  __m256i p00, p01, p10, p11;
  if constexpr (kChannels == 1) {
    // One word holds a pixel and its right neighbour.
    p00 = _mm256_i32gather_epi32(g.base, offset, 1);
    p10 = _mm256_i32gather_epi32(g.base, below, 1);
    p01 = _mm256_srli_epi32(p00, 8);
    p11 = _mm256_srli_epi32(p10, 8);
  } else {
    FetchPairs<kChannels>(g, offset, &p00, &p01);
    FetchPairs<kChannels>(g, below, &p10, &p11);
  }
  return BlendChannels<kChannels>(p00, p01, p10, p11, x.rest, y.rest);
}

TARGET_AVX2 inline void SampleEightWide(const Warp& w, const float* xs, const float* ys, int64_t index) {
  for (int k = 0; k < 8; k++) SampleWide(w, xs[k], ys[k], index + k);
}

// `kChannels` of a pixel: 0 where they are wide.
template <int kChannels>
TARGET_AVX2 void SampleRow(const Warp& w, int y, const float* xs, const float* ys) {
  constexpr bool kWide = kChannels == 0;
  const int c = kWide ? w.channels : kChannels;
  uint32_t fill = 0;
  for (int k = 0; k < std::min(c, 4); k++) fill |= static_cast<uint32_t>(w.fill[k]) << (8 * k);
  const Gather g = {reinterpret_cast<const int*>(w.source), _mm256_set1_epi32(c), _mm256_set1_epi32(w.width),
                    _mm256_set1_epi32(w.width * c), _mm256_set1_epi32(w.width * w.height * c - 4),
                    _mm256_set1_epi32(static_cast<int>(fill))};
  const __m256i one = _mm256_set1_epi32(1);
  int x = 0;
  for (; x + 8 <= w.outWidth; x += 8) {
    const int64_t index = static_cast<int64_t>(y) * w.outWidth + x;
    const __m256 sx = _mm256_loadu_ps(xs + x), sy = _mm256_loadu_ps(ys + x);
    const __m256i nx = _mm256_cvtps_epi32(sx), ny = _mm256_cvtps_epi32(sy);
    const Parts px(sx), py(sy);
    // What is read ends at most eight bytes after the upper left neighbour in the row below: never beyond the last row.
    const __m256i deep = _mm256_and_si256(InRange(px.whole, w.width - 1), InRange(py.whole, w.height - 2));
    if (w.linear && w.width >= 8 && Lanes(deep) == 255) {
      if (!w.planes.empty()) {
        const Offsets from(_mm256_add_epi32(_mm256_mullo_epi32(ny, g.width), nx));
        for (const PlanePair& plane : w.planes) {
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(plane.target + index),
                              from.Words(reinterpret_cast<const int*>(plane.source)));
        }
      }
      if constexpr (kWide) {
        SampleEightWide(w, xs + x, ys + x, index);
      } else {
        StorePixels<kChannels>(w.target + index * c, SampleInside<kChannels>(g, px, py));
      }
      continue;
    }
    // Interpolation reaches less than one pixel beyond the nearest one.
    const __m256i near = _mm256_and_si256(InRange(_mm256_add_epi32(nx, one), w.width + 2),
                                          InRange(_mm256_add_epi32(ny, one), w.height + 2));
    if (w.border == kConstant && Lanes(near) == 0) {
      for (size_t p = 0; p < w.planes.size(); p++) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(w.planes[p].target + index), LabelFill(w, p));
      }
      if constexpr (kWide) {
        for (int k = 0; k < 8; k++) std::copy(w.fill, w.fill + c, w.target + (index + k) * c);
      } else {
        StorePixels<kChannels>(w.target + index * c, g.fill);
      }
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
    if constexpr (kWide) {
      SampleEightWide(w, xs + x, ys + x, index);
    } else {
      __m256i pixels;
      if (w.linear ? SampleEight<kChannels>(w, g, px, py, &pixels) : simple && Fetch(g, from, inside, &pixels)) {
        StorePixels<kChannels>(w.target + index * c, pixels);
      } else {
        for (int k = 0; k < 8; k++) SamplePixel(w, xs[x + k], ys[x + k], w.target + (index + k) * c);
      }
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
    SampleRow<0>(w, y, xs, ys);
  } else if (w.channels == 1) {
    SampleRow<1>(w, y, xs, ys);
  } else if (w.channels == 3) {
    SampleRow<3>(w, y, xs, ys);
  } else {
    SampleRow<4>(w, y, xs, ys);
  }
}

}  // namespace phalanx

#else

namespace phalanx {

bool UseAvx2(const Warp&) { return false; }
void SampleRowAvx2(const Warp& w, int y, const float* xs, const float* ys) { SampleRowTail(w, y, 0, xs, ys); }

}  // namespace phalanx

#endif
