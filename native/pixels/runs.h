// The runs of all classes of a label map.
#pragma once

#include "kernel.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace phalanx {

// Positions in scan order at which a class begins (even index) or ends (odd index).
using Boundaries = std::vector<uint32_t>;

// What finds runs: told of every pixel that differs from the one before it, in scan order.
class RunCollector {
 public:
  explicit RunCollector(size_t classes) : runs_(classes) {}

  // `changed` holds the bits of classes `firstClass` and on that begin or end at `position`.
  void Change(uint32_t changed, uint32_t position, size_t firstClass) {
    while (changed != 0) {
      const size_t index = firstClass + __builtin_ctz(changed);
      if (index < runs_.size()) runs_[index].push_back(position);
      changed &= changed - 1;
    }
  }

  std::vector<Boundaries> Take() { return std::move(runs_); }

 private:
  std::vector<Boundaries> runs_;
};

struct LabelScan {
  std::vector<uint32_t*> planes;
  size_t width, height, classes;
  bool columnMajor;

  // Of each class, from one scan.
  std::vector<Boundaries> FindRuns() const;
};

// How runs are written: "start length" pairs separated by single spaces, nothing for no runs.
struct PairFormat {
  bool relative;
  uint32_t base;

  std::string Text(const Boundaries& runs) const;
  std::vector<std::string> Texts(const std::vector<Boundaries>& classes) const;
};

// Two arguments from `index` on: relative, base.
PairFormat PairFormatArg(const Napi::CallbackInfo& info, size_t index);

Napi::Value ArrayOf(Napi::Env env, const std::vector<std::string>& texts);

}  // namespace phalanx
