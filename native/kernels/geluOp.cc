// PhalanxGelu: each value times the share of a standard normal distribution below it; PhalanxGeluGrad: its gradient.
#include <algorithm>

#include "blocks.h"
#include "registerKernels.h"
#include "storage.h"
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "vectors.h"

namespace phalanx {
namespace {

using tensorflow::OpKernelContext;
using tensorflow::Tensor;

REGISTER_OP("PhalanxGelu")
    .Input("x: T")
    .Output("y: T")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn(tensorflow::shape_inference::UnchangedShape);

REGISTER_OP("PhalanxGeluGrad")
    .Input("dy: T")
    .Input("x: T")
    .Output("dx: T")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn(tensorflow::shape_inference::MergeBothInputsShapeFn);

/// The error function within 3e-7, by Eigen's quotient of polynomials.
template <typename V>
PHALANX_INLINE V errorFunction(V x) {
  x = x < -4.0f ? V{} - 4.0f : x;
  x = x > 4.0f ? V{} + 4.0f : x;
  const V t = x * x;
  V p = t * -2.72614225801306e-10f + 2.77068142495902e-08f;
  p = p * t - 2.10102402082508e-06f;
  p = p * t - 5.69250639462346e-05f;
  p = p * t - 7.34990630326855e-04f;
  p = p * t - 2.95459980854025e-03f;
  p = p * t - 1.60960333262415e-02f;
  V q = t * -1.45660718464996e-05f - 2.13374055278905e-04f;
  q = q * t - 1.68282697438203e-03f;
  q = q * t - 7.37332916720468e-03f;
  q = q * t - 1.42647390514189e-02f;
  return x * p / q;
}

template <typename V>
PHALANX_INLINE V normalDistribution(V x) {
  return errorFunction(x * 0.707106781f) * 0.5f + 0.5f;
}

template <typename T>
PHALANX_INLINE void geluBody(const T* x, T* y, int64_t values) {
  forEachLanes(values, [&](auto kind, int64_t i) PHALANX_LAMBDA {
    const auto value = load<decltype(kind)>(x + i);
    store(y + i, value * normalDistribution(value));
  });
}

template <typename T>
PHALANX_INLINE void gradientBody(const T* dy, const T* x, T* dx, int64_t values) {
  forEachLanes(values, [&](auto kind, int64_t i) PHALANX_LAMBDA {
    using V = decltype(kind);
    const V value = load<V>(x + i);
    const V density = exponential(value * value * -0.5f) * 0.398942280f;
    store(dx + i, load<V>(dy + i) * (normalDistribution(value) + value * density));
  });
}

template <typename T>
PHALANX_AVX2 void geluAvx2(const T* x, T* y, int64_t values) {
  geluBody(x, y, values);
}

template <typename T>
PHALANX_AVX2 void gradientAvx2(const T* dy, const T* x, T* dx, int64_t values) {
  gradientBody(dy, x, dx, values);
}

/// Blocks of values; a few where the work is not worth waking threads.
Blocks blocksOf(const Tensor& x) {
  const int64_t values = x.NumElements();
  return Blocks(values, kLanes, std::clamp<int64_t>(values / 8192, 1, 128));
}

template <typename T>
class GeluOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, x.shape(), &y));
    const auto* from = dataOf<T>(x);
    auto* to = dataOf<T>(y);
    blocksOf(x).run(context, [&](int64_t, int64_t first, int64_t values) {
      if (PHALANX_HAS_AVX2) {
        geluAvx2(from + first, to + first, values);
      } else {
        geluBody(from + first, to + first, values);
      }
    });
  }
};

template <typename T>
class GeluGradOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& dy = context->input(0);
    const Tensor& x = context->input(1);
    OP_REQUIRES(context, dy.shape() == x.shape(), absl::InvalidArgumentError("dy and x must be of one shape"));
    Tensor* dx = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, x.shape(), &dx));
    const auto *gradients = dataOf<T>(dy), *values = dataOf<T>(x);
    auto* to = dataOf<T>(dx);
    blocksOf(x).run(context, [&](int64_t, int64_t first, int64_t count) {
      if (PHALANX_HAS_AVX2) {
        gradientAvx2(gradients + first, values + first, to + first, count);
      } else {
        gradientBody(gradients + first, values + first, to + first, count);
      }
    });
  }
};

PHALANX_REGISTER_KERNELS("PhalanxGelu", GeluOp);
PHALANX_REGISTER_KERNELS("PhalanxGeluGrad", GeluGradOp);

}  // namespace
}  // namespace phalanx
