// The smallest rectangle around the pixels of each class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace phalanx {

// Columns [left, right), rows [top, bottom); empty for a class without pixels.
struct Box {
  int64_t left = 0, top = 0, right = 0, bottom = 0;

  bool Empty() const { return right <= left; }
  // The smallest box around both.
  Box With(const Box& other) const;
};

// Of each bit of each plane, 32 per plane, from one pass.
std::vector<Box> ClassBoxes(const std::vector<uint32_t*>& planes, int64_t width, int64_t height);

}  // namespace phalanx
