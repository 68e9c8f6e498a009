// Where bilinear resizing reads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace phalanx {

// Where a target pixel lies between two source pixels, as PyTorch's interpolate(mode='bilinear', align_corners=False)
// computes it, in single precision.
struct Tap {
  int64_t first, second;
  float toSecond;
};

inline std::vector<Tap> TapsOf(int64_t source, int64_t target) {
  std::vector<Tap> taps(target);
  const float scale = static_cast<float>(source) / static_cast<float>(target);
  for (int64_t i = 0; i < target; i++) {
    const float position = std::max(0.0f, scale * (static_cast<float>(i) + 0.5f) - 0.5f);
    const int64_t first = std::min(static_cast<int64_t>(position), source - 1);
    taps[i] = {first, std::min(first + 1, source - 1), position - static_cast<float>(first)};
  }
  return taps;
}

}  // namespace phalanx
