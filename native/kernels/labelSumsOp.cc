// PhalanxLabelSums and its gradient: losses straight from packed labels, which as floats are 32 times as large.
#include <vector>

#include "blocks.h"
#include "labelSums.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace phalanx {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;

REGISTER_OP("PhalanxLabelSums")
    .Input("logits: float")
    .Input("labels: int32")
    .Input("positive_weights: float")
    .Output("sums: float")
    .SetShapeFn([](tensorflow::shape_inference::InferenceContext* context) {
      tensorflow::shape_inference::ShapeHandle logits;
      TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &logits));
      context->set_output(0, context->Matrix(kLabelSums, context->Dim(logits, 3)));
      return absl::OkStatus();
    });

REGISTER_OP("PhalanxLabelSumsGrad")
    .Input("logits: float")
    .Input("labels: int32")
    .Input("positive_weights: float")
    .Input("slopes: float")
    .Output("gradient: float")
    .SetShapeFn([](tensorflow::shape_inference::InferenceContext* context) {
      context->set_output(0, context->input(0));
      return absl::OkStatus();
    });

absl::Status check(OpKernelContext* context) {
  const Tensor &logits = context->input(0), &labels = context->input(1), &weights = context->input(2);
  if (logits.dims() != 4 || labels.dims() != 4) return absl::InvalidArgumentError("logits and labels must have rank 4");
  const int64_t classes = logits.dim_size(3);
  for (int axis = 0; axis < 3; axis++) {
    if (logits.dim_size(axis) != labels.dim_size(axis)) {
      return absl::InvalidArgumentError(absl::StrCat("labels ", labels.shape().DebugString(), " do not fit logits ",
                                                     logits.shape().DebugString()));
    }
  }
  if (classes < 1 || labels.dim_size(3) != (classes + 31) / 32) {
    return absl::InvalidArgumentError("there must be one plane of labels for each 32 classes");
  }
  if (weights.NumElements() != classes) return absl::InvalidArgumentError("there must be one weight for each class");
  return absl::OkStatus();
}

LabelPattern patternOf(OpKernelContext* context) {
  return LabelPattern(context->input(0).dim_size(3), context->input(1).dim_size(3),
                      context->input(2).flat<float>().data());
}

int64_t pixelsOf(const Tensor& labels) { return labels.dim_size(0) * labels.dim_size(1) * labels.dim_size(2); }

class LabelSumsOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    OP_REQUIRES_OK(context, check(context));
    const LabelPattern pattern = patternOf(context);
    const int64_t classes = pattern.channels.channels, sums = kLabelSums * classes;
    Tensor* result = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, {kLabelSums, classes}, &result));
    const float* logits = context->input(0).flat<float>().data();
    const int32_t* labels = context->input(1).flat<int32_t>().data();
    const Blocks blocks(pixelsOf(context->input(1)), pattern.channels.rows);
    std::vector<double> partial(blocks.count * sums);
    blocks.run(context, [&](int64_t block, int64_t first, int64_t pixels) {
      addLabelSums(pattern, logits + first * classes, labels + first * pattern.planes, pixels, &partial[block * sums]);
    });
    auto total = result->flat<float>();
    for (int64_t i = 0; i < sums; i++) {
      double sum = 0;
      for (int64_t block = 0; block < blocks.count; block++) sum += partial[block * sums + i];
      total(i) = static_cast<float>(sum);
    }
  }
};

class LabelSumsGradOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    OP_REQUIRES_OK(context, check(context));
    const Tensor& slopes = context->input(3);
    const LabelPattern pattern = patternOf(context);
    const int64_t classes = pattern.channels.channels;
    OP_REQUIRES(context, slopes.NumElements() == kLabelSums * classes,
                absl::InvalidArgumentError("there must be one slope for each sum"));
    Tensor* result = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, context->input(0).shape(), &result));
    const float* of = slopes.flat<float>().data();
    // Targets are no variables: the last row of slopes is not read.
    const std::vector<float> spread[3] = {pattern.channels.spread(of), pattern.channels.spread(of + classes),
                                          pattern.channels.spread(of + 2 * classes)};
    const float* logits = context->input(0).flat<float>().data();
    const int32_t* labels = context->input(1).flat<int32_t>().data();
    float* gradient = result->flat<float>().data();
    const Blocks blocks(pixelsOf(context->input(1)), pattern.channels.rows);
    blocks.run(context, [&](int64_t, int64_t first, int64_t pixels) {
      labelSumsGradient(pattern, logits + first * classes, labels + first * pattern.planes, pixels, spread,
                        gradient + first * classes);
    });
  }
};

REGISTER_KERNEL_BUILDER(Name("PhalanxLabelSums").Device(tensorflow::DEVICE_CPU), LabelSumsOp);
REGISTER_KERNEL_BUILDER(Name("PhalanxLabelSumsGrad").Device(tensorflow::DEVICE_CPU), LabelSumsGradOp);

}  // namespace
}  // namespace phalanx
