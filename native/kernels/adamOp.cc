// PhalanxAdam: one parameter's update by Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019) in one pass
// over memory; as separate ops it is ten.
#include <cmath>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "xla/tsl/platform/threadpool.h"

namespace phalanx {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;

// hyperparameters: step size, scaled epsilon, 1 - beta1, 1 - beta2, decay; as src/training/optimizers/adam.ts has them.
REGISTER_OP("PhalanxAdam")
    .Input("parameter: float")
    .Input("mean: float")
    .Input("square: float")
    .Input("gradient: float")
    .Input("hyperparameters: float")
    .Output("new_parameter: float")
    .Output("new_mean: float")
    .Output("new_square: float")
    .Attr("decay: {'none', 'l2', 'decoupled'}")
    .SetShapeFn([](tensorflow::shape_inference::InferenceContext* context) {
      auto shape = context->input(0);
      for (int i = 1; i < 4; i++) TF_RETURN_IF_ERROR(context->Merge(shape, context->input(i), &shape));
      for (int i = 0; i < 3; i++) context->set_output(i, shape);
      return absl::OkStatus();
    });

class AdamOp : public tensorflow::OpKernel {
 public:
  explicit AdamOp(OpKernelConstruction* context) : OpKernel(context) {
    std::string decay;
    OP_REQUIRES_OK(context, context->GetAttr("decay", &decay));
    l2_ = decay == "l2";
    decoupled_ = decay == "decoupled";
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& parameter = context->input(0);
    for (int i = 1; i < 4; i++) {
      OP_REQUIRES(context, context->input(i).shape() == parameter.shape(),
                  absl::InvalidArgumentError("parameter, moments and gradient must have one shape"));
    }
    OP_REQUIRES(context, context->input(4).NumElements() == 5,
                absl::InvalidArgumentError("there must be five hyperparameters"));
    Tensor *newParameter = nullptr, *newMean = nullptr, *newSquare = nullptr;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({3}, 0, parameter.shape(), &newParameter));
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({1}, 1, parameter.shape(), &newMean));
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({2}, 2, parameter.shape(), &newSquare));

    const float* p = parameter.flat<float>().data();
    const float* m = context->input(1).flat<float>().data();
    const float* v = context->input(2).flat<float>().data();
    const float* g = context->input(3).flat<float>().data();
    float* nextP = newParameter->flat<float>().data();
    float* nextM = newMean->flat<float>().data();
    float* nextV = newSquare->flat<float>().data();
    const auto h = context->input(4).flat<float>();
    const float stepSize = h(0), epsilon = h(1), share1 = h(2), share2 = h(3);
    const float added = l2_ ? h(4) : 0.0f;
    const float kept = decoupled_ ? h(4) : 1.0f;
    const auto update = [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const float gradient = g[i] + p[i] * added;
        const float mean = m[i] + (gradient - m[i]) * share1;
        const float square = v[i] + (gradient * gradient - v[i]) * share2;
        const float next = p[i] * kept - mean / (std::sqrt(square) + epsilon) * stepSize;
        nextM[i] = mean;
        nextV[i] = square;
        nextP[i] = next;
      }
    };
    constexpr int64_t kCostPerElement = 8;
    context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(parameter.NumElements(), kCostPerElement,
                                                                            update);
  }

 private:
  bool l2_, decoupled_;
};

REGISTER_KERNEL_BUILDER(Name("PhalanxAdam").Device(tensorflow::DEVICE_CPU), AdamOp);

}  // namespace
}  // namespace phalanx
