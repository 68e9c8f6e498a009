// PhalanxUpsampleConcat: nearest upsampling and concatenation of the channels with maps of the larger size, in one pass
// over memory; PhalanxUpsampleConcatGrad: the gradients of all its inputs in one pass over the result's.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "registerKernels.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "xla/tsl/platform/threadpool.h"

namespace phalanx {
namespace {

using namespace tensorflow::shape_inference;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

/// Of a shape function's or a kernel's context.
template <typename Context>
absl::Status getSize(Context* context, std::vector<int64_t>& size) {
  TF_RETURN_IF_ERROR(context->GetAttr("size", &size));
  if (size.size() == 2 && size[0] > 0 && size[1] > 0) return absl::OkStatus();
  return absl::InvalidArgumentError("size must be a height and a width above zero");
}

REGISTER_OP("PhalanxUpsampleConcat")
    .Input("x: T")
    .Input("skips: N * T")
    .Output("y: T")
    .Attr("T: {float, bfloat16}")
    .Attr("N: int >= 0")
    .Attr("size: list(int)")
    .SetShapeFn([](InferenceContext* context) {
      std::vector<int64_t> size;
      TF_RETURN_IF_ERROR(getSize(context, size));
      ShapeHandle shape;
      TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &shape));
      DimensionHandle batch = context->Dim(shape, 0), channels = context->Dim(shape, 3);
      for (int i = 1; i < context->num_inputs(); i++) {
        TF_RETURN_IF_ERROR(context->WithRank(context->input(i), 4, &shape));
        TF_RETURN_IF_ERROR(context->Merge(batch, context->Dim(shape, 0), &batch));
        TF_RETURN_IF_ERROR(context->Add(channels, context->Dim(shape, 3), &channels));
      }
      context->set_output(0, context->MakeShape({batch, size[0], size[1], channels}));
      return absl::OkStatus();
    });

// size: of the map that was upsampled; channels: of each input, in order.
REGISTER_OP("PhalanxUpsampleConcatGrad")
    .Input("dy: T")
    .Output("dx: T")
    .Output("dskips: N * T")
    .Attr("T: {float, bfloat16}")
    .Attr("N: int >= 0")
    .Attr("size: list(int)")
    .Attr("channels: list(int)")
    .SetShapeFn([](InferenceContext* context) {
      std::vector<int64_t> size, channels;
      TF_RETURN_IF_ERROR(getSize(context, size));
      TF_RETURN_IF_ERROR(context->GetAttr("channels", &channels));
      ShapeHandle dy;
      TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &dy));
      for (int i = 0; i < context->num_outputs(); i++) {
        if (i >= static_cast<int>(channels.size()) || channels[i] < 0) {
          return absl::InvalidArgumentError("there must be a number of channels for each output");
        }
        const DimensionOrConstant height = i == 0 ? DimensionOrConstant(size[0]) : context->Dim(dy, 1);
        const DimensionOrConstant width = i == 0 ? DimensionOrConstant(size[1]) : context->Dim(dy, 2);
        context->set_output(i, context->MakeShape({context->Dim(dy, 0), height, width, channels[i]}));
      }
      return absl::OkStatus();
    });

/// Of each position of `out`, the one of `in` that it copies, in TensorFlow's and PyTorch's own float32 arithmetic.
std::vector<int64_t> sources(int64_t in, int64_t out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  std::vector<int64_t> result(out);
  for (int64_t i = 0; i < out; i++) {
    result[i] = std::min(static_cast<int64_t>(std::floor(static_cast<float>(i) * scale)), in - 1);
  }
  return result;
}

/// Of each position of `in`, where its copies in `out` begin; they end where the next one's begin.
std::vector<int64_t> firstCopies(int64_t in, int64_t out) {
  const std::vector<int64_t> from = sources(in, out);
  std::vector<int64_t> result(in + 1);
  for (int64_t i = 0; i <= in; i++) result[i] = std::lower_bound(from.begin(), from.end(), i) - from.begin();
  return result;
}

/// A map of the larger size and how many channels of the concatenation are its own.
template <typename T>
struct Part {
  T* data;
  int64_t channels;
};

template <typename T>
class UpsampleConcatOp : public tensorflow::OpKernel {
 public:
  explicit UpsampleConcatOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, getSize(context, size_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    OP_REQUIRES(context, x.dims() == 4 && x.dim_size(1) > 0 && x.dim_size(2) > 0 && x.dim_size(3) > 0,
                absl::InvalidArgumentError("x must be [N, h, w, C] with pixels and channels"));
    const int64_t batch = x.dim_size(0), height = x.dim_size(1), width = x.dim_size(2), own = x.dim_size(3);
    const int64_t outHeight = size_[0], outWidth = size_[1];
    int64_t channels = own;
    std::vector<Part<const T>> skips;
    for (int i = 1; i < context->num_inputs(); i++) {
      const Tensor& skip = context->input(i);
      const bool fits = skip.dims() == 4 && skip.dim_size(0) == batch && skip.dim_size(1) == outHeight &&
                        skip.dim_size(2) == outWidth;
      OP_REQUIRES(context, fits,
                  absl::InvalidArgumentError("every skip must be of the batch and of the size that x is brought to"));
      channels += skip.dim_size(3);
      skips.push_back({skip.flat<T>().data(), skip.dim_size(3)});
    }
    TensorShape shape;
    OP_REQUIRES_OK(context, TensorShape::BuildTensorShape({batch, outHeight, outWidth, channels}, &shape));
    Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &y));
    if (shape.num_elements() == 0) return;

    const std::vector<int64_t> rows = sources(height, outHeight), columns = sources(width, outWidth);
    const T* from = x.flat<T>().data();
    T* to = y->flat<T>().data();
    const auto copyRows = [&](int64_t begin, int64_t end) {
      T* out = to + begin * outWidth * channels;
      for (int64_t row = begin; row < end; row++) {
        const T* source = from + (row / outHeight * height + rows[row % outHeight]) * width * own;
        for (int64_t column = 0, pixel = row * outWidth; column < outWidth; column++, pixel++) {
          out = std::copy_n(source + columns[column] * own, own, out);
          for (const auto& skip : skips) out = std::copy_n(skip.data + pixel * skip.channels, skip.channels, out);
        }
      }
    };
    context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(batch * outHeight, outWidth * channels,
                                                                            copyRows);
  }

 private:
  std::vector<int64_t> size_;
};

/// sum[channels] = that of all copies, in order.
template <typename T>
void sumCopies(const std::vector<const T*>& copies, int64_t channels, T* sum) {
  // Doubling, which is what decoders do, needs no second look at each sum.
  if (copies.size() == 4) {
    const T *a = copies[0], *b = copies[1], *c = copies[2], *d = copies[3];
#pragma GCC ivdep
    for (int64_t i = 0; i < channels; i++) {
      sum[i] = static_cast<T>(static_cast<float>(a[i]) + static_cast<float>(b[i]) + static_cast<float>(c[i]) +
                              static_cast<float>(d[i]));
    }
    return;
  }
  for (int64_t i = 0; i < channels; i++) {
    float total = 0.0f;
    for (const T* copy : copies) total += static_cast<float>(copy[i]);
    sum[i] = static_cast<T>(total);
  }
}

template <typename T>
class UpsampleConcatGradOp : public tensorflow::OpKernel {
 public:
  explicit UpsampleConcatGradOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, getSize(context, size_));
    OP_REQUIRES_OK(context, context->GetAttr("channels", &channels_));
    const bool fit = std::all_of(channels_.begin(), channels_.end(),
                                 [](int64_t count) { return count >= 0 && count <= INT32_MAX; });
    OP_REQUIRES(context, fit && static_cast<int>(channels_.size()) == context->num_outputs() && channels_[0] > 0,
                absl::InvalidArgumentError("there must be a number of channels for each output"));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& dy = context->input(0);
    const int64_t own = channels_[0], channels = std::accumulate(channels_.begin(), channels_.end(), int64_t{0});
    OP_REQUIRES(context, dy.dims() == 4 && dy.dim_size(3) == channels,
                absl::InvalidArgumentError("dy must be [N, H, W, all channels]"));
    const int64_t batch = dy.dim_size(0), outHeight = dy.dim_size(1), outWidth = dy.dim_size(2);
    const int64_t height = size_[0], width = size_[1];
    TensorShape shape;
    Tensor* dx = nullptr;
    OP_REQUIRES_OK(context, TensorShape::BuildTensorShape({batch, height, width, own}, &shape));
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &dx));
    std::vector<Part<T>> skips;
    for (int i = 1; i < context->num_outputs(); i++) {
      Tensor* dskip = nullptr;
      OP_REQUIRES_OK(context, context->allocate_output(i, {batch, outHeight, outWidth, channels_[i]}, &dskip));
      skips.push_back({dskip->flat<T>().data(), channels_[i]});
    }
    if (batch == 0) return;
    const std::vector<int64_t> rows = firstCopies(height, outHeight), columns = firstCopies(width, outWidth);
    const T* from = dy.flat<T>().data();
    T* to = dx->flat<T>().data();
    // Row by row of x: each row of dy belongs to one of them.
    const auto sumRows = [&](int64_t begin, int64_t end) {
      std::vector<const T*> copies;
      T* out = to + begin * width * own;
      for (int64_t row = begin; row < end; row++) {
        const int64_t image = row / height * outHeight;
        const int64_t top = image + rows[row % height], bottom = image + rows[row % height + 1];
        for (int64_t column = 0; column < width; column++, out += own) {
          copies.clear();
          for (int64_t outRow = top; outRow < bottom; outRow++) {
            for (int64_t outColumn = columns[column]; outColumn < columns[column + 1]; outColumn++) {
              const int64_t pixel = outRow * outWidth + outColumn;
              const T* in = from + pixel * channels;
              copies.push_back(in);
              in += own;
              for (const auto& skip : skips) {
                std::copy_n(in, skip.channels, skip.data + pixel * skip.channels);
                in += skip.channels;
              }
            }
          }
          sumCopies(copies, own, out);
        }
      }
    };
    const int64_t cost = outHeight * outWidth * channels / height + width * own;
    context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(batch * height, cost, sumRows);
  }

 private:
  std::vector<int64_t> size_, channels_;
};

PHALANX_REGISTER_KERNELS("PhalanxUpsampleConcat", UpsampleConcatOp);
PHALANX_REGISTER_KERNELS("PhalanxUpsampleConcatGrad", UpsampleConcatGradOp);

}  // namespace
}  // namespace phalanx
