// Rows of any number of channels, walked eight values at a time: after so many rows the channels meet the lanes in the
// same way again. `rows` is that period; one value per channel, laid out by `spread`, then lines up with the data.
#pragma once

#include <numeric>
#include <vector>

#include "lanes.h"

namespace phalanx {

class ChannelPattern {
 public:
  explicit ChannelPattern(int64_t channels)
      : channels(channels), rows(kLanes / std::gcd(channels, kLanes)), values(rows * channels) {}

  const int64_t channels;
  /// Rows of a period.
  const int64_t rows;
  /// Values of a period, a multiple of eight.
  const int64_t values;

  template <typename T>
  std::vector<T> spread(const T* perChannel) const {
    std::vector<T> result(values);
    for (int64_t i = 0; i < values; i++) result[i] = perChannel[i % channels];
    return result;
  }

  /// Adds up what a period holds for each channel.
  template <typename T>
  void fold(const float* period, T* perChannel) const {
    for (int64_t i = 0, c = 0; i < values; i++) {
      perChannel[c] += period[i];
      if (++c == channels) c = 0;
    }
  }

  /// Calls `lanes(at, in)` for each eight values of `count` rows and `single(at, in)` for each of the few left over;
  /// `at` is the place in the data, `in` the one in a period.
  template <typename LanesWork, typename SingleWork>
  PHALANX_INLINE void walk(int64_t count, const LanesWork& lanes, const SingleWork& single) const {
    const int64_t whole = count / rows * values;
    for (int64_t start = 0; start < whole; start += values) {
      for (int64_t in = 0; in < values; in += kLanes) lanes(start + in, in);
    }
    for (int64_t at = whole; at < count * channels; at++) single(at, at - whole);
  }
};

}  // namespace phalanx
