// PhalanxChannelScale: the channels of a map, each times the sigmoid of a logit; PhalanxChannelScaleGrad: both
// gradients in one pass over the map and the result's gradient.
#include <algorithm>
#include <cmath>
#include <vector>

#include "imageBlocks.h"
#include "registerKernels.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace phalanx {
namespace {

using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

REGISTER_OP("PhalanxChannelScale")
    .Input("x: T")
    .Input("logits: T")
    .Output("y: T")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn([](InferenceContext* context) {
      ShapeHandle logits;
      TF_RETURN_IF_ERROR(perChannel(context, context->input(0), &logits));
      TF_RETURN_IF_ERROR(context->Merge(logits, context->input(1), &logits));
      context->set_output(0, context->input(0));
      return absl::OkStatus();
    });

REGISTER_OP("PhalanxChannelScaleGrad")
    .Input("dy: T")
    .Input("x: T")
    .Input("logits: T")
    .Output("dx: T")
    .Output("dlogits: T")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn([](InferenceContext* context) {
      ShapeHandle map, logits;
      TF_RETURN_IF_ERROR(context->Merge(context->input(0), context->input(1), &map));
      TF_RETURN_IF_ERROR(perChannel(context, map, &logits));
      TF_RETURN_IF_ERROR(context->Merge(logits, context->input(2), &logits));
      context->set_output(0, map);
      context->set_output(1, logits);
      return absl::OkStatus();
    });

template <typename T>
std::vector<float> sigmoids(const Tensor& logits) {
  const auto values = logits.flat<T>();
  std::vector<float> result(values.size());
  for (int64_t i = 0; i < values.size(); i++) result[i] = 1.0f / (1.0f + std::exp(-static_cast<float>(values(i))));
  return result;
}

template <typename T>
class ChannelScaleOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    OP_REQUIRES(context, isMap(x) && isPerChannel(context->input(1), x),
                absl::InvalidArgumentError("x must be [N, H, W, C] and logits [N, 1, 1, C]"));
    Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, x.shape(), &y));
    const ImageBlocks blocks(x);
    const std::vector<float> gates = sigmoids<T>(context->input(1));
    const T* from = x.flat<T>().data();
    T* to = y->flat<T>().data();
    blocks.forEach(context, [&](int64_t, int64_t image, int64_t first, int64_t pixels) {
      const int64_t channels = blocks.channels;
      const float* gate = gates.data() + image * channels;
      for (int64_t i = first; i < first + pixels * channels; i += channels) {
        // In place, at most.
#pragma GCC ivdep
        for (int64_t channel = 0; channel < channels; channel++) {
          to[i + channel] = static_cast<T>(static_cast<float>(from[i + channel]) * gate[channel]);
        }
      }
    });
  }
};

template <typename T>
class ChannelScaleGradOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& dy = context->input(0);
    const Tensor& x = context->input(1);
    const Tensor& logits = context->input(2);
    OP_REQUIRES(context, isMap(x) && dy.shape() == x.shape() && isPerChannel(logits, x),
                absl::InvalidArgumentError("dy and x must be [N, H, W, C] and logits [N, 1, 1, C]"));
    const ImageBlocks blocks(x);
    Tensor *dx = nullptr, *dlogits = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, x.shape(), &dx));
    OP_REQUIRES_OK(context, context->allocate_output(1, logits.shape(), &dlogits));
    Tensor sums;
    OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT,
                                                   {blocks.batch * blocks.perImage, blocks.channels}, &sums));
    const std::vector<float> gates = sigmoids<T>(logits);
    const T* gradients = dy.flat<T>().data();
    const T* values = x.flat<T>().data();
    T* to = dx->flat<T>().data();
    float* blockSums = sums.flat<float>().data();
    blocks.forEach(context, [&](int64_t block, int64_t image, int64_t first, int64_t pixels) {
      const int64_t channels = blocks.channels;
      const float* gate = gates.data() + image * channels;
      float* sum = blockSums + block * channels;
      std::fill_n(sum, channels, 0.0f);
      for (int64_t i = first; i < first + pixels * channels; i += channels) {
        // In place, at most.
#pragma GCC ivdep
        for (int64_t channel = 0; channel < channels; channel++) {
          const float gradient = static_cast<float>(gradients[i + channel]);
          sum[channel] += gradient * static_cast<float>(values[i + channel]);
          to[i + channel] = static_cast<T>(gradient * gate[channel]);
        }
      }
    });
    const std::vector<double> total = blocks.total(blockSums);
    auto result = dlogits->flat<T>();
    for (int64_t i = 0; i < result.size(); i++) {
      result(i) = static_cast<T>(static_cast<float>(total[i]) * gates[i] * (1.0f - gates[i]));
    }
  }
};

PHALANX_REGISTER_KERNELS("PhalanxChannelScale", ChannelScaleOp);
PHALANX_REGISTER_KERNELS("PhalanxChannelScaleGrad", ChannelScaleGradOp);

}  // namespace
}  // namespace phalanx
