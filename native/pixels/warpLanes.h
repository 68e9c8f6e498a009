// Eight pixels of a warp in the lanes of AVX2.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace phalanx {

#define TARGET_AVX2 __attribute__((target("avx2,fma")))

// One channel of eight pixels, blended as OpenCV does: along x, then along y.
TARGET_AVX2 inline __m256i Blend(__m256i p00, __m256i p01, __m256i p10, __m256i p11, __m256 alpha, __m256 beta) {
  const __m256 f00 = _mm256_cvtepi32_ps(p00), f10 = _mm256_cvtepi32_ps(p10);
  const __m256 top = _mm256_fmadd_ps(alpha, _mm256_cvtepi32_ps(_mm256_sub_epi32(p01, p00)), f00);
  const __m256 bottom = _mm256_fmadd_ps(alpha, _mm256_cvtepi32_ps(_mm256_sub_epi32(p11, p10)), f10);
  return _mm256_cvtps_epi32(_mm256_fmadd_ps(beta, _mm256_sub_ps(bottom, top), top));
}

template <int kChannel>
TARGET_AVX2 inline __m256i Channel(__m256i pixels) {
  if constexpr (kChannel == 3) return _mm256_srli_epi32(pixels, 24);
  return _mm256_and_si256(_mm256_srli_epi32(pixels, 8 * kChannel), _mm256_set1_epi32(255));
}

// Writes the low bytes of eight 32-bit pixels.
template <int kChannels>
TARGET_AVX2 inline void StorePixels(uint8_t* out, __m256i pixels) {
  if constexpr (kChannels == 4) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), pixels);
  } else if constexpr (kChannels == 3) {
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
  __m256i channels, width, stride, lastWord, fill;
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

// Eight offsets one by one: where every lane is needed, plain loads are at least as fast as gathers.
struct Offsets {
  alignas(32) int32_t at[8];

  TARGET_AVX2 explicit Offsets(__m256i offsets) { _mm256_store_si256(reinterpret_cast<__m256i*>(at), offsets); }

  // Of pixels i, i + 1, i + 4 and i + 5 the eight bytes from the pixel on.
  TARGET_AVX2 __m256i Four(const uint8_t* base, int i) const {
    return _mm256_set_epi64x(Eight(base + at[i + 5]), Eight(base + at[i + 4]), Eight(base + at[i + 1]),
                             Eight(base + at[i]));
  }

  TARGET_AVX2 __m256i Words(const int* base) const {
    return _mm256_setr_epi32(base[at[0]], base[at[1]], base[at[2]], base[at[3]], base[at[4]], base[at[5]], base[at[6]],
                             base[at[7]]);
  }

 private:
  TARGET_AVX2 static long long Eight(const uint8_t* from) {
    long long bytes;
    std::memcpy(&bytes, from, sizeof(bytes));
    return bytes;
  }
};

// Eight pixels of three or four channels and their right neighbours, which lie within the eight bytes at `offset`.
template <int kChannels>
TARGET_AVX2 inline void FetchPairs(const Gather& g, __m256i offset, __m256i* left, __m256i* right) {
  constexpr int kBits = 8 * kChannels;
  // Pixels 0, 1, 4, 5 and 2, 3, 6, 7, so that halves of both shuffled together are in order.
  const Offsets offsets(offset);
  const auto* base = reinterpret_cast<const uint8_t*>(g.base);
  const __m256i a = offsets.Four(base, 0), b = offsets.Four(base, 2);
  *left = EvenWords(a, b);
  *right = EvenWords(_mm256_srli_epi64(a, kBits), _mm256_srli_epi64(b, kBits));
}

template <int kChannels>
TARGET_AVX2 inline __m256i BlendChannels(__m256i p00, __m256i p01, __m256i p10, __m256i p11, __m256 alpha,
                                         __m256 beta) {
  __m256i result = Blend(Channel<0>(p00), Channel<0>(p01), Channel<0>(p10), Channel<0>(p11), alpha, beta);
  if constexpr (kChannels > 1) {
    result = _mm256_or_si256(
        result, _mm256_slli_epi32(Blend(Channel<1>(p00), Channel<1>(p01), Channel<1>(p10), Channel<1>(p11), alpha, beta), 8));
    result = _mm256_or_si256(
        result, _mm256_slli_epi32(Blend(Channel<2>(p00), Channel<2>(p01), Channel<2>(p10), Channel<2>(p11), alpha, beta), 16));
  }
  if constexpr (kChannels > 3) {
    result = _mm256_or_si256(
        result, _mm256_slli_epi32(Blend(Channel<3>(p00), Channel<3>(p01), Channel<3>(p10), Channel<3>(p11), alpha, beta), 24));
  }
  return result;
}

// True per lane where 0 <= v < limit (limit may be 0 or negative: never).
TARGET_AVX2 inline __m256i InRange(__m256i v, int limit) {
  return _mm256_and_si256(_mm256_cmpgt_epi32(v, _mm256_set1_epi32(-1)),
                          _mm256_cmpgt_epi32(_mm256_set1_epi32(limit), v));
}

}  // namespace phalanx

#endif
