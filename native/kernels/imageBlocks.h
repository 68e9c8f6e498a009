// What ops share that go over the pixels of maps with one value per image and channel.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "xla/tsl/platform/threadpool.h"

namespace phalanx {

/// One value per image and channel.
inline absl::Status perChannel(tensorflow::shape_inference::InferenceContext* context,
                               tensorflow::shape_inference::ShapeHandle map,
                               tensorflow::shape_inference::ShapeHandle* result) {
  TF_RETURN_IF_ERROR(context->WithRank(map, 4, &map));
  *result = context->MakeShape({context->Dim(map, 0), context->MakeDim(1), context->MakeDim(1), context->Dim(map, 3)});
  return absl::OkStatus();
}

/// A batch of maps [N, H, W, C] cut into blocks of pixels, each of one image. Their size depends on the channels alone,
/// so neither threads nor their timing change a sum over blocks.
struct ImageBlocks {
  int64_t batch, channels;
  /// Of an image; none in a map without values, however large the sides that are left.
  int64_t pixels = 0;
  int64_t length, perImage;

  explicit ImageBlocks(const tensorflow::Tensor& map) : batch(map.dim_size(0)), channels(map.dim_size(3)) {
    if (map.NumElements() > 0) pixels = map.dim_size(1) * map.dim_size(2);
    // Long enough to make a block's sums worth adding up, short enough for float32 and for many threads.
    constexpr int64_t kValues = 16384;
    length = std::clamp<int64_t>(kValues / std::max<int64_t>(channels, 1), 16, 512);
    perImage = (pixels + length - 1) / length;
  }

  /// work(block, image, first value, number of pixels) for every block, on the context's threads.
  template <typename Work>
  void forEach(tensorflow::OpKernelContext* context, const Work& work) const {
    context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(
        batch * perImage, length * channels, [&](int64_t begin, int64_t end) {
          for (int64_t block = begin; block < end; block++) {
            const int64_t image = block / perImage, first = block % perImage * length;
            work(block, image, (image * pixels + first) * channels, std::min(length, pixels - first));
          }
        });
  }

  /// Sums of `sums` [blocks, C] over each image's blocks: [N, C].
  std::vector<double> total(const float* sums) const {
    std::vector<double> result(batch * channels);
    for (int64_t block = 0; block < batch * perImage; block++) {
      double* to = result.data() + block / perImage * channels;
      for (int64_t channel = 0; channel < channels; channel++) to[channel] += sums[block * channels + channel];
    }
    return result;
  }
};

inline bool isMap(const tensorflow::Tensor& tensor) { return tensor.dims() == 4; }

/// Whether `tensor` has one value per image and channel of `map`.
inline bool isPerChannel(const tensorflow::Tensor& tensor, const tensorflow::Tensor& map) {
  return tensor.dims() == 4 && tensor.dim_size(0) == map.dim_size(0) && tensor.dim_size(1) == 1 &&
         tensor.dim_size(2) == 1 && tensor.dim_size(3) == map.dim_size(3);
}

}  // namespace phalanx
