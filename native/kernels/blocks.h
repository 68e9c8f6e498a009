// Work on rows, cut into a number of blocks that depends on nothing but the data: sums of blocks, added in order, are
// the same whatever the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tensorflow/core/framework/op_kernel.h"
#include "xla/tsl/platform/threadpool.h"

namespace phalanx {

class Blocks {
 public:
  /// Blocks begin at multiples of `period` rows; there are about `wanted`.
  Blocks(int64_t rows, int64_t period, int64_t wanted = 128) : rows_(rows) {
    const int64_t each = std::max<int64_t>((rows + wanted - 1) / wanted, 1);
    size_ = (each + period - 1) / period * period;
    count = (rows + size_ - 1) / size_;
  }

  int64_t count;

  /// Calls `work(block, first row, rows)` for each block, on the threads of the device.
  template <typename Work>
  void run(tensorflow::OpKernelContext* context, const Work& work) const {
    context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(
        count, tsl::thread::ThreadPool::SchedulingParams::Fixed(1), [&](int64_t begin, int64_t end) {
          for (int64_t block = begin; block < end; block++) {
            const int64_t first = block * size_;
            work(block, first, std::min(size_, rows_ - first));
          }
        });
  }

 private:
  int64_t rows_, size_;
};

}  // namespace phalanx
