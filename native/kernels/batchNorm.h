// Batch normalization with what follows it: normalize, add a residual, activate; each way in two passes over memory.
#pragma once

#include <vector>

#include "channelPattern.h"

namespace phalanx {

enum class Activation { kNone, kRelu, kRelu6, kSilu };

/// Over some rows: their mean and the sum of squared distances from it, for each channel.
struct Moments {
  explicit Moments(int64_t channels) : mean(channels), squares(channels) {}
  int64_t rows = 0;
  std::vector<double> mean, squares;
  void add(const Moments& other);
};

/// Adds rows of `x` to `moments`.
template <typename T>
void addMoments(const ChannelPattern& pattern, const T* x, int64_t rows, Moments& moments);

/// Per value of a period: y = activation((x - mean) * slope + offset + residual).
struct Normalization {
  std::vector<float> mean, slope, offset;
};

/// `residual` may be null.
template <typename T>
void normalize(const ChannelPattern& pattern, const Normalization& normalization, Activation activation, const T* x,
               const T* residual, T* y, int64_t rows);

/// What the gradients of scale, offset and x are made of: g is dy behind the activation.
struct GradientSums {
  explicit GradientSums(int64_t channels) : gradient(channels), product(channels) {}
  /// Sums of g and of g (x - mean).
  std::vector<double> gradient, product;
};

/// `masked` writes g, the gradient of the residual too, to `dresidual`, judging ReLU by `y`; otherwise both are null.
template <typename T>
void addGradientSums(const ChannelPattern& pattern, const Normalization& normalization, Activation activation,
                     const T* dy, const T* x, const T* y, T* dresidual, int64_t rows, GradientSums& sums);

/// dx = slope * g + (x - mean) * product + constant, per value of a period.
struct InputGradient {
  std::vector<float> product, constant;
};

/// Where `activation` is not kNone, g is made of `dy` again.
template <typename T>
void inputGradient(const ChannelPattern& pattern, const Normalization& normalization, const InputGradient& gradient,
                   Activation activation, const T* dy, const T* x, T* dx, int64_t rows);

}  // namespace phalanx
