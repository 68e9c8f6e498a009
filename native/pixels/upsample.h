// What the kernels that upsample logits have in common.
#pragma once

#include "axis.h"
#include "kernel.h"

#include <vector>

namespace phalanx {

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
