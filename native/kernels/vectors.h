// Loops over vectors of values, eight at a time and the rest one by one; for functions that are compiled for AVX2 and
// without it.
#pragma once

#include "lanes.h"

namespace phalanx {

/// Of a lambda that becomes part of its caller, which says for which processor it is.
#define PHALANX_LAMBDA __attribute__((always_inline))

/// work(V{}, first) for every group of values; V, Lanes or float, says how many they are.
template <typename Work>
PHALANX_INLINE void forEachLanes(int64_t values, const Work& work) {
  int64_t i = 0;
  for (; i + kLanes <= values; i += kLanes) work(Lanes{}, i);
  for (; i < values; i++) work(0.0f, i);
}

/// A sum of values of both kinds.
class LanesSum {
 public:
  PHALANX_INLINE void add(Lanes values) { lanes_ += values; }
  PHALANX_INLINE void add(float value) { rest_ += value; }
  PHALANX_INLINE float total() const {
    float sum = rest_;
    for (int64_t i = 0; i < kLanes; i++) sum += lanes_[i];
    return sum;
  }

 private:
  Lanes lanes_{};
  float rest_ = 0.0f;
};

}  // namespace phalanx
