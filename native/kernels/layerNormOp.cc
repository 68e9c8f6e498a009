// PhalanxLayerNorm: each vector along the last axis by its own mean and variance, scaled and shifted;
// PhalanxLayerNormGrad: its gradients. One pass over memory each way.
#include <algorithm>
#include <cmath>
#include <vector>

#include "blocks.h"
#include "registerKernels.h"
#include "storage.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "vectors.h"

namespace phalanx {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::shape_inference::InferenceContext;

REGISTER_OP("PhalanxLayerNorm")
    .Input("x: T")
    .Input("scale: float")
    .Input("offset: float")
    .Output("y: T")
    .Attr("T: {float, bfloat16}")
    .Attr("epsilon: float")
    .SetShapeFn([](InferenceContext* context) {
      context->set_output(0, context->input(0));
      return absl::OkStatus();
    });

REGISTER_OP("PhalanxLayerNormGrad")
    .Input("dy: T")
    .Input("x: T")
    .Input("scale: float")
    .Output("dx: T")
    .Output("dscale: float")
    .Output("doffset: float")
    .Attr("T: {float, bfloat16}")
    .Attr("epsilon: float")
    .SetShapeFn([](InferenceContext* context) {
      context->set_output(0, context->input(1));
      context->set_output(1, context->input(2));
      context->set_output(2, context->input(2));
      return absl::OkStatus();
    });

/// Of one vector.
struct VectorMoments {
  float mean, inverseDeviation;
};

template <typename T>
PHALANX_INLINE VectorMoments momentsOf(const T* x, int64_t channels, float epsilon) {
  LanesSum sum, squares;
  forEachLanes(channels, [&](auto kind, int64_t i) PHALANX_LAMBDA { sum.add(load<decltype(kind)>(x + i)); });
  const float mean = sum.total() / static_cast<float>(channels);
  forEachLanes(channels, [&](auto kind, int64_t i) PHALANX_LAMBDA {
    const auto distance = load<decltype(kind)>(x + i) - mean;
    squares.add(distance * distance);
  });
  return {mean, 1.0f / std::sqrt(squares.total() / static_cast<float>(channels) + epsilon)};
}

template <typename T>
PHALANX_INLINE void normalizeBody(const T* x, const float* scale, const float* offset, float epsilon, T* y,
                                  int64_t rows, int64_t channels) {
  for (int64_t row = 0; row < rows; row++, x += channels, y += channels) {
    const VectorMoments moments = momentsOf(x, channels, epsilon);
    forEachLanes(channels, [&](auto kind, int64_t i) PHALANX_LAMBDA {
      using V = decltype(kind);
      const V normalized = (load<V>(x + i) - moments.mean) * moments.inverseDeviation;
      store(y + i, normalized * load<V>(scale + i) + load<V>(offset + i));
    });
  }
}

/// Adds to `dscale` and `doffset`.
template <typename T>
PHALANX_INLINE void gradientBody(const T* dy, const T* x, const float* scale, float epsilon, T* dx, float* dscale,
                                 float* doffset, int64_t rows, int64_t channels) {
  for (int64_t row = 0; row < rows; row++, dy += channels, x += channels, dx += channels) {
    const VectorMoments moments = momentsOf(x, channels, epsilon);
    LanesSum gradients, products;
    forEachLanes(channels, [&](auto kind, int64_t i) PHALANX_LAMBDA {
      using V = decltype(kind);
      const V dOutput = load<V>(dy + i), gradient = dOutput * load<V>(scale + i);
      const V normalized = (load<V>(x + i) - moments.mean) * moments.inverseDeviation;
      store(dscale + i, load<V>(dscale + i) + dOutput * normalized);
      store(doffset + i, load<V>(doffset + i) + dOutput);
      gradients.add(gradient);
      products.add(gradient * normalized);
    });
    const float mean = gradients.total() / static_cast<float>(channels);
    const float slope = products.total() / static_cast<float>(channels);
    forEachLanes(channels, [&](auto kind, int64_t i) PHALANX_LAMBDA {
      using V = decltype(kind);
      const V gradient = load<V>(dy + i) * load<V>(scale + i);
      const V normalized = (load<V>(x + i) - moments.mean) * moments.inverseDeviation;
      store(dx + i, (gradient - mean - normalized * slope) * moments.inverseDeviation);
    });
  }
}

template <typename T>
PHALANX_AVX2 void normalizeAvx2(const T* x, const float* scale, const float* offset, float epsilon, T* y, int64_t rows,
                                int64_t channels) {
  normalizeBody(x, scale, offset, epsilon, y, rows, channels);
}

template <typename T>
PHALANX_AVX2 void gradientAvx2(const T* dy, const T* x, const float* scale, float epsilon, T* dx, float* dscale,
                               float* doffset, int64_t rows, int64_t channels) {
  gradientBody(dy, x, scale, epsilon, dx, dscale, doffset, rows, channels);
}

bool isVectors(const Tensor& x, const Tensor& perChannel) {
  return x.dims() >= 1 && perChannel.dims() == 1 && perChannel.dim_size(0) == x.dim_size(x.dims() - 1);
}

/// Some thousands of values each, at most 128; by the data alone, so that sums do not depend on threads.
Blocks blocksOf(int64_t rows, const Tensor& x) {
  return Blocks(rows, 1, std::clamp<int64_t>(x.NumElements() / 8192, 1, 128));
}

template <typename T>
class LayerNormOp : public tensorflow::OpKernel {
 public:
  explicit LayerNormOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("epsilon", &epsilon_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &x = context->input(0), &scale = context->input(1), &offset = context->input(2);
    OP_REQUIRES(context, isVectors(x, scale) && isVectors(x, offset),
                absl::InvalidArgumentError("scale and offset must have one value for each channel of x"));
    Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, x.shape(), &y));
    if (x.NumElements() == 0) return;
    const int64_t channels = scale.dim_size(0), rows = x.NumElements() / channels;
    const auto* from = dataOf<T>(x);
    const float *scales = dataOf<float>(scale), *offsets = dataOf<float>(offset);
    auto* to = dataOf<T>(y);
    blocksOf(rows, x).run(context, [&](int64_t, int64_t first, int64_t count) {
      const int64_t at = first * channels;
      if (PHALANX_HAS_AVX2) {
        normalizeAvx2(from + at, scales, offsets, epsilon_, to + at, count, channels);
      } else {
        normalizeBody(from + at, scales, offsets, epsilon_, to + at, count, channels);
      }
    });
  }

 private:
  float epsilon_;
};

template <typename T>
class LayerNormGradOp : public tensorflow::OpKernel {
 public:
  explicit LayerNormGradOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("epsilon", &epsilon_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &dy = context->input(0), &x = context->input(1), &scale = context->input(2);
    OP_REQUIRES(context, isVectors(x, scale) && dy.shape() == x.shape(),
                absl::InvalidArgumentError("dy must be like x, and scale have one value for each of its channels"));
    const int64_t channels = scale.dim_size(0), rows = channels == 0 ? 0 : x.NumElements() / channels;
    const Blocks blocks = blocksOf(rows, x);
    Tensor *dx = nullptr, *dscale = nullptr, *doffset = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, x.shape(), &dx));
    OP_REQUIRES_OK(context, context->allocate_output(1, scale.shape(), &dscale));
    OP_REQUIRES_OK(context, context->allocate_output(2, scale.shape(), &doffset));
    std::vector<float> sums(blocks.count * 2 * channels);
    const auto *gradients = dataOf<T>(dy), *values = dataOf<T>(x);
    const float* scales = dataOf<float>(scale);
    auto* to = dataOf<T>(dx);
    blocks.run(context, [&](int64_t block, int64_t first, int64_t count) {
      const int64_t at = first * channels;
      float *scaleSums = sums.data() + block * 2 * channels, *offsetSums = scaleSums + channels;
      if (PHALANX_HAS_AVX2) {
        gradientAvx2(gradients + at, values + at, scales, epsilon_, to + at, scaleSums, offsetSums, count, channels);
      } else {
        gradientBody(gradients + at, values + at, scales, epsilon_, to + at, scaleSums, offsetSums, count, channels);
      }
    });
    for (int64_t channel = 0; channel < channels; channel++) {
      double scaleSum = 0, offsetSum = 0;
      for (int64_t block = 0; block < blocks.count; block++) {
        scaleSum += sums[block * 2 * channels + channel];
        offsetSum += sums[(block * 2 + 1) * channels + channel];
      }
      dscale->flat<float>()(channel) = static_cast<float>(scaleSum);
      doffset->flat<float>()(channel) = static_cast<float>(offsetSum);
    }
  }

 private:
  float epsilon_;
};

PHALANX_REGISTER_KERNELS("PhalanxLayerNorm", LayerNormOp);
PHALANX_REGISTER_KERNELS("PhalanxLayerNormGrad", LayerNormGradOp);

}  // namespace
}  // namespace phalanx
