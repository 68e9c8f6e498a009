// The gradient of an undilated convolution of stride 1 with respect to its filter.
#pragma once

#include <cstdint>
#include <functional>

namespace phalanx {

/// Sizes of `x` [batch, height, width, inChannels], `dy` [batch, outHeight, outWidth, outChannels] and the filter
/// [kernelHeight, kernelWidth, inChannels, outChannels]; `top` and `left` are the zeros before the first row and column.
struct ConvolutionShape {
  int64_t batch, height, width, inChannels;
  int64_t outHeight, outWidth, outChannels;
  int64_t kernelHeight, kernelWidth;
  int64_t top, left;
};

/// Calls `work(i)` for each i below `count`, on as many threads as there are.
using ParallelFor = std::function<void(int64_t count, const std::function<void(int64_t)>& work)>;

/// Whether this processor and these sizes suit `filterGradient`.
bool canComputeFilterGradient(const ConvolutionShape& shape);

/// Floats that `filterGradient` needs for partial sums.
int64_t filterGradientScratch(const ConvolutionShape& shape);

/// Writes the gradient of the filter to `dw`. Sums are taken in the same order whatever the number of threads.
void filterGradient(const ConvolutionShape& shape, const float* x, const float* dy, float* dw, float* scratch,
                    const ParallelFor& parallelFor);

}  // namespace phalanx
