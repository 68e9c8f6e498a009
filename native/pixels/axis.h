// Where the pixels of a bilinearly resized image lie between those of its source, along one axis.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace phalanx {

// For each position of the target: the two source positions it lies between and their weights, as PyTorch's
// interpolate(mode='bilinear', align_corners=False) takes them. Source: compute_source_index_and_lambda of
// ATen/native/UpSample.h, in float as there.
struct Axis {
  std::vector<int32_t> low, high;
  std::vector<float> lowWeight, highWeight;

  Axis(int64_t length, int64_t sourceLength) {
    const float scale = static_cast<float>(sourceLength) / static_cast<float>(length);
    const auto last = static_cast<int32_t>(sourceLength - 1);
    for (int64_t i = 0; i < length; i++) {
      const float source = std::max(0.0f, scale * (static_cast<float>(i) + 0.5f) - 0.5f);
      const int32_t index = std::min(static_cast<int32_t>(source), last);
      const float weight = std::min(std::max(source - static_cast<float>(index), 0.0f), 1.0f);
      low.push_back(index);
      high.push_back(std::min(index + 1, last));
      lowWeight.push_back(1.0f - weight);
      highWeight.push_back(weight);
    }
  }

  // The first position after `from` that lies between other source positions.
  size_t NextCell(size_t from) const {
    size_t next = from + 1;
    while (next < low.size() && low[next] == low[from]) next++;
    return next;
  }
};

}  // namespace phalanx
