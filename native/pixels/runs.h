// The runs of all classes of a label map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace phalanx {

// Positions in scan order at which a class begins (even index) or ends (odd index).
using Boundaries = std::vector<uint32_t>;

struct LabelScan {
  std::vector<uint32_t*> planes;
  size_t width, height, classes;
  bool columnMajor;

  // Of each class, from one scan.
  std::vector<Boundaries> FindRuns() const;
};

}  // namespace phalanx
