// Arithmetic on eight floats at a time or on one, from the same source: `V` is Lanes or float.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#define PHALANX_AVX2 __attribute__((target("avx2,fma")))
#define PHALANX_HAS_AVX2 (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define PHALANX_AVX2
#define PHALANX_HAS_AVX2 true
#endif
#define PHALANX_INLINE __attribute__((always_inline)) inline

namespace phalanx {

typedef float Lanes __attribute__((vector_size(32)));
/// Unsigned, so that bits of NaN may be shifted and added to.
typedef uint32_t IntLanes __attribute__((vector_size(32)));
constexpr int64_t kLanes = 8;

template <typename V>
struct IntegersOf {
  using type = IntLanes;
  static constexpr int64_t count = kLanes;
};
template <>
struct IntegersOf<float> {
  using type = uint32_t;
  static constexpr int64_t count = 1;
};
template <typename V>
using Integers = typename IntegersOf<V>::type;

template <typename To, typename From>
PHALANX_INLINE To bitsAs(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

/// The upper half of a float, as TensorFlow and PyTorch store bfloat16.
struct Bfloat16 {
  uint16_t bits;
};

template <typename V>
PHALANX_INLINE V load(const float* from) {
  V value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

template <typename V>
PHALANX_INLINE void store(float* to, V value) {
  std::memcpy(to, &value, sizeof(value));
}

template <typename V>
PHALANX_INLINE V load(const Bfloat16* from) {
  if constexpr (sizeof(V) == sizeof(float)) {
    return bitsAs<float>(static_cast<uint32_t>(from->bits) << 16);
  } else {
    typedef uint16_t Halves __attribute__((vector_size(16)));
    Halves halves;
    std::memcpy(&halves, from, sizeof(halves));
    return bitsAs<V>(__builtin_convertvector(halves, IntLanes) << 16);
  }
}

/// Rounds to the nearest, ties to even; NaN stays NaN.
template <typename V>
PHALANX_INLINE void store(Bfloat16* to, V value) {
  const auto bits = bitsAs<Integers<V>>(value);
  const auto rounded = ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) & 0xffff;
  const auto half = value == value ? rounded : rounded * 0 + 0x7fc0;
  if constexpr (sizeof(V) == sizeof(float)) {
    to->bits = static_cast<uint16_t>(half);
  } else {
    typedef uint16_t Halves __attribute__((vector_size(16)));
    const auto halves = __builtin_convertvector(half, Halves);
    std::memcpy(to, &halves, sizeof(halves));
  }
}

/// e^x within two units of the last place, by Cephes' polynomial; x below -87 counts as -87, so nothing is denormal.
template <typename V>
PHALANX_INLINE V exponential(V x) {
  x = x < -87.0f ? V{} - 87.0f : x;
  x = x > 88.0f ? V{} + 88.0f : x;
  constexpr float kShift = 12582912.0f;  // 1.5 * 2^23: what is added to it is rounded to an integer.
  constexpr uint32_t kShiftBits = 0x4B400000;
  const V shifted = x * 1.44269504f + kShift;
  const V n = shifted - kShift;
  const V r = x - n * 0.693359375f + n * 2.12194440e-4f;
  V p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const auto power = (bitsAs<Integers<V>>(shifted) - (kShiftBits - 127)) << 23;
  return p * bitsAs<V>(power);
}

/// log(1 + e) for e in [0, 1], by the series of 2 artanh(e / (2 + e)).
template <typename V>
PHALANX_INLINE V logOnePlus(V e) {
  const V s = e / (e + 2.0f);
  const V t = s * s;
  V p = t * (1.0f / 15) + 1.0f / 13;
  p = p * t + 1.0f / 11;
  p = p * t + 1.0f / 9;
  p = p * t + 1.0f / 7;
  p = p * t + 1.0f / 5;
  p = p * t + 1.0f / 3;
  return (p * t + 1.0f) * s * 2.0f;
}

template <typename V>
PHALANX_INLINE V absolute(V x) {
  return x < 0.0f ? -x : x;
}

/// Of a logit x: e^-|x|, sigmoid(x) and sigmoid(-x), none of which loses digits where it is small.
template <typename V>
struct Logistic {
  V e, p, q;
};

template <typename V>
PHALANX_INLINE Logistic<V> logistic(V x) {
  const V e = exponential(-absolute(x));
  const V large = 1.0f / (e + 1.0f);
  const V small = e * large;
  return {e, x < 0.0f ? small : large, x < 0.0f ? large : small};
}

template <typename V>
PHALANX_INLINE V sigmoid(V x) {
  return logistic(x).p;
}

}  // namespace phalanx
