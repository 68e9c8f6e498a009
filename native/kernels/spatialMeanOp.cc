// PhalanxSpatialMean: a map's mean over its pixels, channel by channel; PhalanxSpatialMeanGrad: its gradient, added to
// that of all else that the map goes to.
#include <algorithm>
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

REGISTER_OP("PhalanxSpatialMean")
    .Input("x: T")
    .Output("mean: T")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn([](InferenceContext* context) {
      ShapeHandle mean;
      TF_RETURN_IF_ERROR(perChannel(context, context->input(0), &mean));
      context->set_output(0, mean);
      return absl::OkStatus();
    });

// dx: of all else that x goes to, to which the mean's is added.
REGISTER_OP("PhalanxSpatialMeanGrad")
    .Input("dmean: T")
    .Input("dx: T")
    .Output("sum: T")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn([](InferenceContext* context) {
      ShapeHandle mean;
      TF_RETURN_IF_ERROR(perChannel(context, context->input(1), &mean));
      TF_RETURN_IF_ERROR(context->Merge(mean, context->input(0), &mean));
      context->set_output(0, context->input(1));
      return absl::OkStatus();
    });

template <typename T>
class SpatialMeanOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    OP_REQUIRES(context, isMap(x), absl::InvalidArgumentError("x must be [N, H, W, C]"));
    const ImageBlocks blocks(x);
    Tensor* mean = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, {blocks.batch, 1, 1, blocks.channels}, &mean));
    Tensor sums;
    OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT,
                                                   {blocks.batch * blocks.perImage, blocks.channels}, &sums));
    const T* values = x.flat<T>().data();
    float* blockSums = sums.flat<float>().data();
    blocks.forEach(context, [=](int64_t block, int64_t, int64_t first, int64_t pixels) {
      const int64_t channels = blocks.channels;
      float* sum = blockSums + block * channels;
      std::fill_n(sum, channels, 0.0f);
      const T* in = values + first;
      int64_t pixel = 0;
      for (; pixel + 4 <= pixels; pixel += 4, in += 4 * channels) {
        const T *b = in + channels, *c = b + channels, *d = c + channels;
#pragma GCC ivdep
        for (int64_t i = 0; i < channels; i++) {
          sum[i] += static_cast<float>(in[i]) + static_cast<float>(b[i]) +
                    (static_cast<float>(c[i]) + static_cast<float>(d[i]));
        }
      }
      for (; pixel < pixels; pixel++, in += channels) {
#pragma GCC ivdep
        for (int64_t i = 0; i < channels; i++) sum[i] += static_cast<float>(in[i]);
      }
    });
    const std::vector<double> total = blocks.total(blockSums);
    auto result = mean->flat<T>();
    for (int64_t i = 0; i < result.size(); i++) {
      result(i) = static_cast<T>(static_cast<float>(total[i] / static_cast<double>(blocks.pixels)));
    }
  }
};

template <typename T>
class SpatialMeanGradOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& dmean = context->input(0);
    const Tensor& dx = context->input(1);
    OP_REQUIRES(context, isMap(dx) && isPerChannel(dmean, dx),
                absl::InvalidArgumentError("dx must be [N, H, W, C] and dmean [N, 1, 1, C]"));
    Tensor* sum = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({1}, 0, dx.shape(), &sum));
    const ImageBlocks blocks(dx);
    const auto gradients = dmean.flat<T>();
    std::vector<float> shares(gradients.size());
    for (int64_t i = 0; i < gradients.size(); i++) shares[i] = static_cast<float>(gradients(i)) / static_cast<float>(blocks.pixels);
    const T* from = dx.flat<T>().data();
    T* to = sum->flat<T>().data();
    blocks.forEach(context, [&](int64_t, int64_t image, int64_t first, int64_t pixels) {
      const int64_t channels = blocks.channels;
      const float* share = shares.data() + image * channels;
      for (int64_t i = first; i < first + pixels * channels; i += channels) {
        // In place, at most.
#pragma GCC ivdep
        for (int64_t channel = 0; channel < channels; channel++) {
          to[i + channel] = static_cast<T>(static_cast<float>(from[i + channel]) + share[channel]);
        }
      }
    });
  }
};

PHALANX_REGISTER_KERNELS("PhalanxSpatialMean", SpatialMeanOp);
PHALANX_REGISTER_KERNELS("PhalanxSpatialMeanGrad", SpatialMeanGradOp);

}  // namespace
}  // namespace phalanx
