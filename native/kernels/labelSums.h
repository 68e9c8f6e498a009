// What losses need of logits and packed labels: sums over pixels for each class, and their gradient.
#pragma once

#include <vector>

#include "channelPattern.h"

namespace phalanx {

/// For each class, over pixels with logit x, p = sigmoid(x) and target z: the cross-entropy
/// (1 - z) softplus(x) + w z softplus(-x), p z, p and z.
constexpr int64_t kLabelSums = 4;

/// How classes, and the bits of their labels, lie in a period of pixels.
struct LabelPattern {
  LabelPattern(int64_t classes, int64_t planes, const float* positiveWeights);
  ChannelPattern channels;
  int64_t planes;
  /// Of each value of a period.
  std::vector<float> positiveWeight;
  std::vector<int32_t> word, bit;
};

/// Adds the sums over `pixels` pixels to `sums` [kLabelSums, classes].
void addLabelSums(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels, double* sums);

/// Writes the gradient of the logits. `slopes` holds, for a period, that of the cross-entropy, of p z and of p.
void labelSumsGradient(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels,
                       const std::vector<float> (&slopes)[3], float* gradient);

}  // namespace phalanx
