// PhalanxConv2DBackpropFilter: TensorFlow's Conv2DBackpropFilter, by our kernel where it applies and by TensorFlow's
// other one (Eigen's), which graph rewrites to oneDNN no longer find under this name, where not.
#include <algorithm>
#include <memory>

#include "filterGradient.h"
#include "tensorflow/core/framework/kernel_shape_util.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/public/version.h"
#include "xla/tsl/platform/threadpool.h"

namespace phalanx {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;

REGISTER_OP("PhalanxConv2DBackpropFilter")
    .Input("input: T")
    .Input("filter_sizes: int32")
    .Input("out_backprop: T")
    .Output("output: T")
    .Attr("T: {float}")
    .Attr("strides: list(int)")
    .Attr("use_cudnn_on_gpu: bool = true")
    .Attr("padding: {'SAME', 'VALID', 'EXPLICIT'}")
    .Attr("explicit_paddings: list(int) = []")
    .Attr("data_format: {'NHWC'} = 'NHWC'")
    .Attr("dilations: list(int) = [1, 1, 1, 1]")
    .SetShapeFn([](tensorflow::shape_inference::InferenceContext* context) {
      tensorflow::shape_inference::ShapeHandle shape;
      TF_RETURN_IF_ERROR(context->MakeShapeFromShapeTensor(1, &shape));
      TF_RETURN_IF_ERROR(context->WithRank(shape, 4, &shape));
      context->set_output(0, shape);
      return absl::OkStatus();
    });

class FilterGradientOp : public tensorflow::OpKernel {
 public:
  explicit FilterGradientOp(OpKernelConstruction* context) : OpKernel(context) {
    std::vector<int> strides, dilations;
    std::string padding;
    OP_REQUIRES_OK(context, context->GetAttr("strides", &strides));
    OP_REQUIRES_OK(context, context->GetAttr("dilations", &dilations));
    OP_REQUIRES_OK(context, context->GetAttr("padding", &padding));
    const auto allOnes = [](const std::vector<int>& list) {
      return std::all_of(list.begin(), list.end(), [](int value) { return value == 1; });
    };
    suits_ = allOnes(strides) && allOnes(dilations) && padding != "EXPLICIT";
    padding_ = padding == "SAME" ? tensorflow::Padding::SAME : tensorflow::Padding::VALID;

    tensorflow::NodeDef definition = context->def();
    definition.set_op("Conv2DBackpropFilter");
    absl::Status status;
    general_ = tensorflow::CreateOpKernel(context->device_type(), context->device(),
                                          context->device()->GetAllocator(tensorflow::AllocatorAttributes()),
                                          definition, TF_GRAPH_DEF_VERSION, &status);
    OP_REQUIRES_OK(context, status);
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    const Tensor& sizes = context->input(1);
    const Tensor& dy = context->input(2);
    ConvolutionShape shape;
    if (!suits_ || !describe(x, sizes, dy, shape) || !canComputeFilterGradient(shape)) return general_->Compute(context);
    Tensor* dw = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0,
                                                     {shape.kernelHeight, shape.kernelWidth, shape.inChannels,
                                                      shape.outChannels},
                                                     &dw));
    Tensor scratch;
    OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT, {filterGradientScratch(shape)}, &scratch));
    auto* workers = context->device()->tensorflow_cpu_worker_threads()->workers;
    filterGradient(shape, x.flat<float>().data(), dy.flat<float>().data(), dw->flat<float>().data(),
                   scratch.flat<float>().data(), [workers](int64_t count, const std::function<void(int64_t)>& work) {
                     workers->ParallelFor(count, tsl::thread::ThreadPool::SchedulingParams::Fixed(1),
                                          [&work](int64_t begin, int64_t end) {
                                            for (int64_t i = begin; i < end; i++) work(i);
                                          });
                   });
  }

 private:
  /// False where the shapes do not fit together or are empty; TensorFlow's kernel then says so in its words.
  bool describe(const Tensor& x, const Tensor& sizes, const Tensor& dy, ConvolutionShape& shape) const {
    if (x.dims() != 4 || dy.dims() != 4 || sizes.NumElements() != 4 || x.NumElements() == 0 || dy.NumElements() == 0) {
      return false;
    }
    const auto filter = sizes.flat<int32_t>();
    shape.batch = x.dim_size(0);
    shape.height = x.dim_size(1);
    shape.width = x.dim_size(2);
    shape.inChannels = x.dim_size(3);
    shape.outHeight = dy.dim_size(1);
    shape.outWidth = dy.dim_size(2);
    shape.outChannels = dy.dim_size(3);
    shape.kernelHeight = filter(0);
    shape.kernelWidth = filter(1);
    if (filter(2) != shape.inChannels || filter(3) != shape.outChannels || dy.dim_size(0) != shape.batch) return false;
    int64_t height = 0, width = 0;
    return tensorflow::GetWindowedOutputSize(shape.height, shape.kernelHeight, 1, 1, padding_, &height, &shape.top)
               .ok() &&
           tensorflow::GetWindowedOutputSize(shape.width, shape.kernelWidth, 1, 1, padding_, &width, &shape.left)
               .ok() &&
           height == shape.outHeight && width == shape.outWidth;
  }

  bool suits_;
  tensorflow::Padding padding_;
  std::unique_ptr<tensorflow::OpKernel> general_;
};

REGISTER_KERNEL_BUILDER(Name("PhalanxConv2DBackpropFilter").Device(tensorflow::DEVICE_CPU).TypeConstraint<float>("T"),
                        FilterGradientOp);

}  // namespace
}  // namespace phalanx
