// Median filter of 8-bit images, borders repeated: the pixels of OpenCV's medianBlur.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>
#include <cstring>

namespace phalanx {
namespace {

constexpr int kLanes = 32;
// Up to this side the window of every lane is kept as a list.
constexpr int kSmall = 7;

typedef uint8_t Lanes __attribute__((vector_size(kLanes)));

inline __attribute__((always_inline)) void Order(Lanes& low, Lanes& high) {
  const Lanes a = low, b = high;
  low = a < b ? a : b;
  high = a < b ? b : a;
}

// The values of a window, in each lane.
template <int kSide>
struct Window {
  const uint8_t* const* rows;
  int64_t step, at;

  inline __attribute__((always_inline)) void Load(int i, Lanes& to) const {
    std::memcpy(&to, rows[i / kSide] + at + (i % kSide) * step, kLanes);
  }
};

// The median of what is in a list of `kSize` values and of those of the window from `kNext` on, in each lane. Of a bit
// more than half of them, neither the least nor the greatest can be it; they are forgotten, and the next value comes in
// (as in "forgetful selection").
template <int kSide, int kSize, int kNext>
inline __attribute__((always_inline)) void Select(const Window<kSide>& window, Lanes* list) {
  if constexpr (kSize > 1) {
#pragma GCC unroll 32
    for (int i = 0; i < kSize / 2; i++) Order(list[i], list[kSize - 1 - i]);
    constexpr int kHalf = (kSize + 1) / 2;
#pragma GCC unroll 32
    for (int i = 1; i < kHalf; i++) Order(list[0], list[i]);
#pragma GCC unroll 32
    for (int i = kSize / 2; i < kSize - 1; i++) Order(list[i], list[kSize - 1]);
    if constexpr (kNext < kSide * kSide) {
      window.Load(kNext, list[0]);
      Select<kSide, kSize - 1, kNext + 1>(window, list);
    } else {
      // Both ends go.
      list[0] = list[kSize - 2];
      Select<kSide, kSize - 2, kNext>(window, list);
    }
  }
}

template <int kSide>
inline __attribute__((always_inline)) void MedianOfWindow(const uint8_t* const* rows, int64_t step, int64_t at,
                                                          uint8_t* out) {
  constexpr int kSize = kSide * kSide / 2 + 2;
  const Window<kSide> window{rows, step, at};
  Lanes list[kSize];
#pragma GCC unroll 32
  for (int i = 0; i < kSize; i++) window.Load(i, list[i]);
  Select<kSide, kSize, kSize>(window, list);
  std::memcpy(out, &list[0], kLanes);
}

VECTORIZED void MedianOf9(const uint8_t* const* rows, int64_t step, int64_t at, uint8_t* out) {
  MedianOfWindow<3>(rows, step, at, out);
}

VECTORIZED void MedianOf25(const uint8_t* const* rows, int64_t step, int64_t at, uint8_t* out) {
  MedianOfWindow<5>(rows, step, at, out);
}

VECTORIZED void MedianOf49(const uint8_t* const* rows, int64_t step, int64_t at, uint8_t* out) {
  MedianOfWindow<7>(rows, step, at, out);
}

// A histogram that moves along the row (Huang, Yang and Tang, 1979).
void MedianOfHistogram(const uint8_t* const* rows, int side, int64_t step, int64_t width, uint8_t* out) {
  const int rank = side * side / 2;
  for (int64_t c = 0; c < step; c++) {
    int counts[256] = {};
    const auto add = [&](int64_t x, int by) {
      for (int k = 0; k < side; k++) counts[rows[k][x * step + c]] += by;
    };
    for (int64_t x = 0; x < side; x++) add(x, 1);
    for (int64_t x = 0;; x++) {
      int median = 0;
      for (int below = counts[0]; below <= rank; below += counts[median]) median++;
      out[x * step + c] = static_cast<uint8_t>(median);
      if (x + 1 == width) break;
      add(x, -1);
      add(x + side, 1);
    }
  }
}

void MedianBlur(const uint8_t* source, int64_t width, int64_t height, int64_t channels, int side, uint8_t* target) {
  const int64_t radius = side / 2, stride = width * channels;
  // Lanes beyond the row's end are computed and dropped.
  const auto padded = static_cast<size_t>((width + 2 * radius) * channels + kLanes);
  std::vector<std::vector<uint8_t>> ring(static_cast<size_t>(side), std::vector<uint8_t>(padded));
  std::vector<const uint8_t*> window(static_cast<size_t>(side));
  int64_t held = -1;
  for (int64_t y = 0; y < height; y++) {
    for (; held < std::min(height - 1, y + radius); held++) {
      std::vector<uint8_t>& row = ring[static_cast<size_t>((held + 1) % side)];
      const uint8_t* from = source + (held + 1) * stride;
      for (int64_t x = 0; x < radius; x++) {
        for (int64_t c = 0; c < channels; c++) {
          row[static_cast<size_t>(x * channels + c)] = from[c];
          row[static_cast<size_t>((radius + width + x) * channels + c)] = from[stride - channels + c];
        }
      }
      std::memcpy(row.data() + radius * channels, from, static_cast<size_t>(stride));
    }
    for (int64_t k = 0; k < side; k++) {
      const int64_t row = std::max<int64_t>(0, std::min(height - 1, y + k - radius));
      window[static_cast<size_t>(k)] = ring[static_cast<size_t>(row % side)].data();
    }
    uint8_t* out = target + y * stride;
    if (side > kSmall) {
      MedianOfHistogram(window.data(), side, channels, width, out);
      continue;
    }
    const auto median = side == 3 ? MedianOf9 : side == 5 ? MedianOf25 : MedianOf49;
    uint8_t lanes[kLanes];
    for (int64_t x = 0; x < stride; x += kLanes) {
      median(window.data(), channels, x, lanes);
      std::memcpy(out + x, lanes, static_cast<size_t>(std::min<int64_t>(kLanes, stride - x)));
    }
  }
}

// medianBlur(source, width, height, channels, side, target)
Napi::Value MedianBlurKernel(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int64_t channels = IntegerArg(info, 3, "channels", 1, kMaxChannels);
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const auto side = static_cast<int>(IntegerArg(info, 4, "side", 3, 255));
  if (side % 2 == 0) FailRange(info, "side", "expected an odd number");
  const auto target = SpanArg<uint8_t>(info, 5, "target", width * height * channels);
  return AsyncKernel::Run(info, {target.owner, source.owner}, [=, s = source.data, t = target.data] {
    MedianBlur(s, width, height, channels, side, t);
  });
}

}  // namespace

void RegisterMedian(Napi::Env env, Napi::Object exports) { Export(env, exports, "medianBlur", MedianBlurKernel); }

}  // namespace phalanx
