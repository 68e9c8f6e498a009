// For processors with AVX2 and no AVX-512, where oneDNN's kernel reaches a tenth of the peak. Each pixel adds an outer
// product of its input channels and its gradient's channels; a tile of 4 × 24 of those sums stays in registers while a
// stretch of a row goes by. Work is cut by input channels and, where those are few, by rows into a fixed number of
// slabs, so that neither the number of threads nor their timing changes the order of summation.
#include "filterGradient.h"

#include <immintrin.h>

#include <algorithm>
#include <vector>

namespace phalanx {
namespace {

constexpr int64_t kLanes = 8;
/// Input channels of a register tile, and of a block that one task takes: a cache line of each pixel.
constexpr int64_t kTileIn = 4;
constexpr int64_t kBlockIn = 16;
/// Vectors of output channels in a register tile.
constexpr int64_t kTileVectors = 3;
/// Fewer tasks than this leave threads idle.
constexpr int64_t kTasks = 8;
/// Pixels of a stretch of a row: its inputs of three rows and its gradients fit into the first-level cache.
constexpr int64_t kStretch = 64;

int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t padded(int64_t channels) { return divideUp(channels, kLanes) * kLanes; }
int64_t blocks(const ConvolutionShape& shape) { return divideUp(shape.inChannels, kBlockIn); }
int64_t slabs(const ConvolutionShape& shape) {
  const int64_t rows = shape.batch * shape.outHeight;
  return std::min(rows, divideUp(kTasks, std::min(blocks(shape), kTasks)));
}

#define AVX2 __attribute__((target("avx2,fma"), always_inline)) inline

/// Up to three vectors, each a member of its own.
template <int Vectors>
struct Sums {
  __m256 a, b, c;
  AVX2 void load(const float* from) {
    a = _mm256_loadu_ps(from);
    if constexpr (Vectors > 1) b = _mm256_loadu_ps(from + kLanes);
    if constexpr (Vectors > 2) c = _mm256_loadu_ps(from + 2 * kLanes);
  }
  AVX2 void store(float* to) const {
    _mm256_storeu_ps(to, a);
    if constexpr (Vectors > 1) _mm256_storeu_ps(to + kLanes, b);
    if constexpr (Vectors > 2) _mm256_storeu_ps(to + 2 * kLanes, c);
  }
  AVX2 void add(__m256 factor, const Sums& other) {
    a = _mm256_fmadd_ps(factor, other.a, a);
    if constexpr (Vectors > 1) b = _mm256_fmadd_ps(factor, other.b, b);
    if constexpr (Vectors > 2) c = _mm256_fmadd_ps(factor, other.c, c);
  }
};

/// sums[4][Vectors * 8] += x[pixel][4] ⊗ dy[pixel][Vectors * 8] over `pixels` pixels. Both sides are packed: in place,
/// pixels a power of two apart would fall into the same few sets of the cache.
template <int Vectors>
__attribute__((target("avx2,fma"))) void addProducts(const float* x, const float* dy, int64_t pixels, float* sums,
                                                     int64_t sumStride) {
  // Named one by one the sums stay in registers; GCC keeps an array of them on the stack.
  Sums<Vectors> sums0, sums1, sums2, sums3;
  sums0.load(sums);
  sums1.load(sums + sumStride);
  sums2.load(sums + 2 * sumStride);
  sums3.load(sums + 3 * sumStride);
  for (int64_t pixel = 0; pixel < pixels; pixel++, x += kBlockIn, dy += Vectors * kLanes) {
    Sums<Vectors> gradient;
    gradient.load(dy);
    sums0.add(_mm256_broadcast_ss(x), gradient);
    sums1.add(_mm256_broadcast_ss(x + 1), gradient);
    sums2.add(_mm256_broadcast_ss(x + 2), gradient);
    sums3.add(_mm256_broadcast_ss(x + 3), gradient);
  }
  sums0.store(sums);
  sums1.store(sums + sumStride);
  sums2.store(sums + 2 * sumStride);
  sums3.store(sums + 3 * sumStride);
}

using AddProducts = void (*)(const float*, const float*, int64_t, float*, int64_t);
constexpr AddProducts kAddProducts[] = {addProducts<1>, addProducts<2>, addProducts<3>};

/// Copies `count` of each pixel's `channels` values to `packed`, `stride` apart, zeros behind them.
void pack(const float* pixels, int64_t length, int64_t channels, int64_t count, int64_t stride, float* packed) {
  for (int64_t pixel = 0; pixel < length; pixel++, pixels += channels, packed += stride) {
    std::copy_n(pixels, count, packed);
    std::fill_n(packed + count, stride - count, 0.0f);
  }
}

/// Adds one row of gradients to sums [kernelHeight][kernelWidth][blockIn][padded outChannels].
void addRow(const ConvolutionShape& s, const float* image, const float* dyRow, int64_t outRow, int64_t firstIn,
            int64_t blockIn, float* sums, std::vector<float>& packedX) {
  const int64_t outStride = padded(s.outChannels);
  const int64_t inputStretch = kStretch + s.kernelWidth - 1;
  packedX.resize(s.kernelHeight * inputStretch * kBlockIn);
  float packedDy[kStretch * kTileVectors * kLanes];
  const int64_t firstTap = std::max<int64_t>(0, s.top - outRow);
  const int64_t lastTap = std::min(s.kernelHeight, s.height + s.top - outRow);
  for (int64_t start = 0; start < s.outWidth; start += kStretch) {
    const int64_t end = std::min(start + kStretch, s.outWidth);
    // The columns of the input that this stretch meets.
    const int64_t left = std::max<int64_t>(0, start - s.left);
    const int64_t right = std::min(s.width, end - 1 - s.left + s.kernelWidth);
    if (left >= right) continue;
    for (int64_t kh = firstTap; kh < lastTap; kh++) {
      const float* row = image + ((outRow + kh - s.top) * s.width + left) * s.inChannels + firstIn;
      pack(row, right - left, s.inChannels, blockIn, kBlockIn, packedX.data() + kh * inputStretch * kBlockIn);
    }
    for (int64_t out = 0; out < outStride; out += kTileVectors * kLanes) {
      const int64_t vectors = std::min(kTileVectors, (outStride - out) / kLanes);
      const int64_t tile = vectors * kLanes;
      pack(dyRow + start * s.outChannels + out, end - start, s.outChannels, std::min(tile, s.outChannels - out), tile,
           packedDy);
      for (int64_t kh = firstTap; kh < lastTap; kh++) {
        for (int64_t kw = 0; kw < s.kernelWidth; kw++) {
          const int64_t offset = kw - s.left;
          const int64_t from = std::max(start, -offset);
          const int64_t to = std::min(end, s.width - offset);
          if (from >= to) continue;
          const float* pixels = packedX.data() + (kh * inputStretch + from + offset - left) * kBlockIn;
          float* tap = sums + (kh * s.kernelWidth + kw) * blockIn * outStride + out;
          for (int64_t in = 0; in < blockIn; in += kTileIn) {
            kAddProducts[vectors - 1](pixels + in, packedDy + (from - start) * tile, to - from, tap + in * outStride,
                                      outStride);
          }
        }
      }
    }
  }
}

}  // namespace

bool canComputeFilterGradient(const ConvolutionShape& shape) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && shape.inChannels % kTileIn == 0;
}

int64_t filterGradientScratch(const ConvolutionShape& s) {
  return slabs(s) * s.kernelHeight * s.kernelWidth * s.inChannels * padded(s.outChannels);
}

void filterGradient(const ConvolutionShape& s, const float* x, const float* dy, float* dw, float* scratch,
                    const ParallelFor& parallelFor) {
  const int64_t taps = s.kernelHeight * s.kernelWidth;
  const int64_t outStride = padded(s.outChannels);
  const int64_t slabCount = slabs(s);
  const int64_t blockCount = blocks(s);
  const int64_t rows = s.batch * s.outHeight;
  // Sums of a task lie together: [slab][block][taps][blockIn][outStride].
  const auto sumsOf = [&](int64_t slab, int64_t firstIn) {
    return scratch + (slab * s.inChannels + firstIn) * taps * outStride;
  };

  parallelFor(slabCount * blockCount, [&](int64_t task) {
    const int64_t slab = task / blockCount;
    const int64_t firstIn = task % blockCount * kBlockIn;
    const int64_t blockIn = std::min(kBlockIn, s.inChannels - firstIn);
    float* sums = sumsOf(slab, firstIn);
    std::fill_n(sums, taps * blockIn * outStride, 0.0f);
    std::vector<float> packedX;
    for (int64_t row = rows * slab / slabCount; row < rows * (slab + 1) / slabCount; row++) {
      const float* dyRow = dy + row * s.outWidth * s.outChannels;
      const float* image = x + row / s.outHeight * s.height * s.width * s.inChannels;
      addRow(s, image, dyRow, row % s.outHeight, firstIn, blockIn, sums, packedX);
    }
  });

  parallelFor(blockCount, [&](int64_t block) {
    const int64_t firstIn = block * kBlockIn;
    const int64_t blockIn = std::min(kBlockIn, s.inChannels - firstIn);
    for (int64_t tap = 0; tap < taps; tap++) {
      for (int64_t in = 0; in < blockIn; in++) {
        float* result = dw + (tap * s.inChannels + firstIn + in) * s.outChannels;
        for (int64_t slab = 0; slab < slabCount; slab++) {
          const float* sums = sumsOf(slab, firstIn) + (tap * blockIn + in) * outStride;
          for (int64_t out = 0; out < s.outChannels; out++) result[out] = (slab == 0 ? 0 : result[out]) + sums[out];
        }
      }
    }
  });
}

}  // namespace phalanx
