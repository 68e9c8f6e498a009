// PhalanxAfter: its first input, once the second is computed. TensorFlow's optimizer cannot look through it, so what is
// computed from the result is neither merged with the same computation elsewhere nor begun earlier.
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace phalanx {
namespace {

REGISTER_OP("PhalanxAfter")
    .Input("x: T")
    .Input("awaited: U")
    .Output("y: T")
    .Attr("T: type")
    .Attr("U: type")
    .SetShapeFn(tensorflow::shape_inference::UnchangedShape);

class AfterOp : public tensorflow::OpKernel {
 public:
  explicit AfterOp(tensorflow::OpKernelConstruction* context) : OpKernel(context) {}
  void Compute(tensorflow::OpKernelContext* context) override { context->set_output(0, context->input(0)); }
  bool IsExpensive() override { return false; }
};

// It touches no values, so it is one for every type and every device.
REGISTER_KERNEL_BUILDER(Name("PhalanxAfter").Device(tensorflow::DEVICE_DEFAULT), AfterOp);

}  // namespace
}  // namespace phalanx
