// PhalanxBatchNorm and its gradient: batch normalization by the batch's own statistics, residual and activation.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "batchNorm.h"
#include "blocks.h"
#include "registerKernels.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace phalanx {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;

absl::Status shapesOfForward(tensorflow::shape_inference::InferenceContext* context) {
  context->set_output(0, context->input(0));
  for (int i = 1; i < 4; i++) context->set_output(i, context->input(1));
  return absl::OkStatus();
}

absl::Status shapesOfGradient(tensorflow::shape_inference::InferenceContext* context) {
  context->set_output(0, context->input(1));
  for (int i = 1; i < 3; i++) context->set_output(i, context->input(2));
  if (context->num_outputs() > 3) context->set_output(3, context->input(1));
  return absl::OkStatus();
}

#define FORWARD(name)                          \
  REGISTER_OP(name)                            \
      .Attr("T: {float, bfloat16}")            \
      .Attr("activation: {'none', 'relu', 'relu6', 'silu'}") \
      .Attr("epsilon: float")                  \
      .SetShapeFn(shapesOfForward)             \
      .Input("x: T")                           \
      .Input("scale: float")                   \
      .Input("offset: float")                  \
      .Output("y: T")                          \
      .Output("mean: float")                   \
      .Output("variance: float")               \
      .Output("inverse_deviation: float")
#define GRADIENT(name)                         \
  REGISTER_OP(name)                            \
      .Attr("T: {float, bfloat16}")            \
      .Attr("activation: {'none', 'relu', 'relu6', 'silu'}") \
      .SetShapeFn(shapesOfGradient)            \
      .Input("dy: T")                          \
      .Input("x: T")                           \
      .Input("scale: float")                   \
      .Input("offset: float")                  \
      .Input("mean: float")                    \
      .Input("inverse_deviation: float")       \
      .Output("dx: T")                         \
      .Output("dscale: float")                 \
      .Output("doffset: float")

FORWARD("PhalanxBatchNorm");
FORWARD("PhalanxBatchNormAdd").Input("residual: T");
GRADIENT("PhalanxBatchNormGrad");
// Told by its output y what ReLU let through.
GRADIENT("PhalanxBatchNormAddGrad").Input("y: T").Output("dresidual: T");

template <typename T>
struct Storage {
  using type = T;
};
template <>
struct Storage<Eigen::bfloat16> {
  using type = Bfloat16;
};

template <typename T>
const typename Storage<T>::type* dataOf(const Tensor& tensor) {
  return reinterpret_cast<const typename Storage<T>::type*>(tensor.flat<T>().data());
}
template <typename T>
typename Storage<T>::type* dataOf(Tensor* tensor) {
  return reinterpret_cast<typename Storage<T>::type*>(tensor->flat<T>().data());
}

class BatchNormBase : public tensorflow::OpKernel {
 public:
  BatchNormBase(OpKernelConstruction* context, int inputsWithoutResidual)
      : OpKernel(context), adds_(context->num_inputs() > inputsWithoutResidual) {
    std::string activation;
    OP_REQUIRES_OK(context, context->GetAttr("activation", &activation));
    activation_ = activation == "relu"    ? Activation::kRelu
                  : activation == "relu6" ? Activation::kRelu6
                  : activation == "silu"  ? Activation::kSilu
                                          : Activation::kNone;
  }

 protected:
  /// `vectors` name the inputs per channel, `likeX` those of x's shape.
  static absl::Status check(OpKernelContext* context, const Tensor& x, std::initializer_list<int> vectors,
                            std::initializer_list<int> likeX) {
    if (x.dims() != 4 || x.NumElements() == 0) return absl::InvalidArgumentError("x must be [N, H, W, C], not empty");
    for (const int i : vectors) {
      if (context->input(i).NumElements() != x.dim_size(3)) {
        return absl::InvalidArgumentError("there must be one value for each channel");
      }
    }
    for (const int i : likeX) {
      if (context->input(i).shape() != x.shape()) {
        return absl::InvalidArgumentError(absl::StrCat("shapes differ: ", context->input(i).shape().DebugString(),
                                                       " and ", x.shape().DebugString()));
      }
    }
    return absl::OkStatus();
  }

  Activation activation_;
  /// Whether a residual is added.
  bool adds_;
};

template <typename T>
class BatchNormOp : public BatchNormBase {
 public:
  explicit BatchNormOp(OpKernelConstruction* context) : BatchNormBase(context, 3) {
    OP_REQUIRES_OK(context, context->GetAttr("epsilon", &epsilon_));
    OP_REQUIRES(context, !adds_ || activation_ == Activation::kNone || activation_ == Activation::kRelu,
                absl::InvalidArgumentError("ReLU6 and SiLU of a sum have no gradient here"));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& input = context->input(0);
    OP_REQUIRES_OK(context, check(context, input, {1, 2}, {}));
    if (adds_) OP_REQUIRES_OK(context, check(context, input, {}, {3}));
    const int64_t channels = input.dim_size(3), rows = input.NumElements() / channels;
    Tensor* outputs[4];
    OP_REQUIRES_OK(context, context->allocate_output(0, input.shape(), &outputs[0]));
    for (int i = 1; i < 4; i++) OP_REQUIRES_OK(context, context->allocate_output(i, {channels}, &outputs[i]));

    const ChannelPattern pattern(channels);
    const Blocks blocks(rows, pattern.rows);
    const auto* x = dataOf<T>(input);
    std::vector<Moments> partial(blocks.count, Moments(channels));
    blocks.run(context, [&](int64_t block, int64_t first, int64_t count) {
      addMoments(pattern, x + first * channels, count, partial[block]);
    });
    Moments moments(channels);
    for (const Moments& part : partial) moments.add(part);

    const auto scale = context->input(1).flat<float>();
    auto mean = outputs[1]->flat<float>(), variance = outputs[2]->flat<float>(), inverse = outputs[3]->flat<float>();
    std::vector<float> slope(channels);
    for (int64_t c = 0; c < channels; c++) {
      mean(c) = static_cast<float>(moments.mean[c]);
      // As PyTorch: normalized by the biased variance, reported unbiased.
      variance(c) = static_cast<float>(moments.squares[c] / std::max<int64_t>(rows - 1, 1));
      inverse(c) = static_cast<float>(1 / std::sqrt(moments.squares[c] / rows + epsilon_));
      slope[c] = scale(c) * inverse(c);
    }
    const Normalization normalization{pattern.spread(mean.data()), pattern.spread(slope.data()),
                                      pattern.spread(context->input(2).flat<float>().data())};
    const auto* residual = adds_ ? dataOf<T>(context->input(3)) : nullptr;
    auto* y = dataOf<T>(outputs[0]);
    blocks.run(context, [&](int64_t, int64_t first, int64_t count) {
      const int64_t at = first * channels;
      normalize(pattern, normalization, activation_, x + at, residual == nullptr ? nullptr : residual + at, y + at,
                count);
    });
  }

 private:
  float epsilon_;
};

template <typename T>
class BatchNormGradOp : public BatchNormBase {
 public:
  explicit BatchNormGradOp(OpKernelConstruction* context) : BatchNormBase(context, 6) {
    OP_REQUIRES(context, !adds_ || activation_ == Activation::kRelu,
                absl::InvalidArgumentError("only ReLU is judged by its output"));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &dyInput = context->input(0), &input = context->input(1);
    OP_REQUIRES_OK(context, check(context, input, {2, 3, 4, 5}, {0}));
    if (adds_) OP_REQUIRES_OK(context, check(context, input, {}, {6}));
    const int64_t channels = input.dim_size(3), rows = input.NumElements() / channels;
    const auto scale = context->input(2).flat<float>(), mean = context->input(4).flat<float>(),
               inverse = context->input(5).flat<float>();
    const bool masked = adds_;
    Tensor *dxOutput, *dscaleOutput, *doffsetOutput, *dresidualOutput = nullptr;
    // With a residual dy becomes its gradient, otherwise that of x, in place where nobody else needs it.
    if (masked) {
      OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 3, input.shape(), &dresidualOutput));
      OP_REQUIRES_OK(context, context->allocate_output(0, input.shape(), &dxOutput));
    } else {
      OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, input.shape(), &dxOutput));
    }
    OP_REQUIRES_OK(context, context->allocate_output(1, {channels}, &dscaleOutput));
    OP_REQUIRES_OK(context, context->allocate_output(2, {channels}, &doffsetOutput));

    const ChannelPattern pattern(channels);
    const Blocks blocks(rows, pattern.rows);
    std::vector<float> slope(channels);
    for (int64_t c = 0; c < channels; c++) slope[c] = scale(c) * inverse(c);
    const Normalization normalization{pattern.spread(mean.data()), pattern.spread(slope.data()),
                                      pattern.spread(context->input(3).flat<float>().data())};
    const auto *dy = dataOf<T>(dyInput), *x = dataOf<T>(input);
    const auto* y = masked ? dataOf<T>(context->input(6)) : nullptr;
    auto* dresidual = masked ? dataOf<T>(dresidualOutput) : nullptr;
    std::vector<GradientSums> partial(blocks.count, GradientSums(channels));
    blocks.run(context, [&](int64_t block, int64_t first, int64_t count) {
      const int64_t at = first * channels;
      addGradientSums(pattern, normalization, activation_, dy + at, x + at, masked ? y + at : nullptr,
                      masked ? dresidual + at : nullptr, count, partial[block]);
    });

    auto dscale = dscaleOutput->flat<float>(), doffset = doffsetOutput->flat<float>();
    std::vector<float> product(channels), constant(channels);
    for (int64_t c = 0; c < channels; c++) {
      double gradientSum = 0, productSum = 0;
      for (const GradientSums& part : partial) {
        gradientSum += part.gradient[c];
        productSum += part.product[c];
      }
      dscale(c) = static_cast<float>(productSum * inverse(c));
      doffset(c) = static_cast<float>(gradientSum);
      product[c] = static_cast<float>(-slope[c] * inverse(c) * inverse(c) * productSum / rows);
      constant[c] = static_cast<float>(-slope[c] * gradientSum / rows);
    }
    const InputGradient gradient{pattern.spread(product.data()), pattern.spread(constant.data())};
    auto* dx = dataOf<T>(dxOutput);
    const auto* behind = masked ? dresidual : dy;
    const Activation remaining = masked ? Activation::kNone : activation_;
    blocks.run(context, [&](int64_t, int64_t first, int64_t count) {
      const int64_t at = first * channels;
      inputGradient(pattern, normalization, gradient, remaining, behind + at, x + at, dx + at, count);
    });
  }
};

PHALANX_REGISTER_KERNELS("PhalanxBatchNorm", BatchNormOp);
PHALANX_REGISTER_KERNELS("PhalanxBatchNormAdd", BatchNormOp);
PHALANX_REGISTER_KERNELS("PhalanxBatchNormGrad", BatchNormGradOp);
PHALANX_REGISTER_KERNELS("PhalanxBatchNormAddGrad", BatchNormGradOp);

}  // namespace
}  // namespace phalanx
