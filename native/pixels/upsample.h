// What the kernels that upsample logits have in common.
#pragma once

#include "kernel.h"

#include <vector>

namespace phalanx {

// For each position of the target along one axis: the two source positions it lies between and their weights. Source:
// compute_source_index_and_lambda of ATen/native/UpSample.h, in float as there.
struct Axis {
  std::vector<int32_t> low, high;
  std::vector<float> lowWeight, highWeight;

  Axis(int64_t length, int64_t sourceLength);

  // The first position after `from` that lies between other source positions.
  size_t NextCell(size_t from) const {
    size_t next = from + 1;
    while (next < low.size() && low[next] == low[from]) next++;
    return next;
  }
};

struct Logits {
  const float* data;  // [height, width, classes]
  int64_t width, height, classes;
  const float* thresholds;  // [classes]

  float At(size_t pixel, int64_t c) const { return data[pixel * classes + c]; }
};

// Logits and what keeps their memory alive; four arguments: logits, sourceWidth, sourceHeight, thresholds.
struct LogitsArg {
  Logits logits;
  std::vector<Napi::Object> owners;

  explicit LogitsArg(const Napi::CallbackInfo& info);
};

// Bit c of each source pixel: logit of class firstClass + c above its threshold.
void AboveThreshold(const Logits& logits, int64_t firstClass, uint32_t* above);

}  // namespace phalanx
