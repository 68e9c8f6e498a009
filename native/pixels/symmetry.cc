// The eight symmetries of a rectangle, of an image together with its packed label planes.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace phalanx {
namespace {

// Which pixel of the source an output pixel (x, y) is: (x, y) or, transposed, (y, x), then mirrored.
struct Symmetry {
  bool transpose, mirrorX, mirrorY;
};

void MirrorRow(const uint8_t* source, uint8_t* target, int64_t width, int channels) {
  int64_t x = 0;
#if defined(__x86_64__)
  if (channels == 3) {
    // Five pixels at a time; the byte before the first of them is read, and the byte after the last is written.
    const __m128i order = _mm_setr_epi8(13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, -1);
    for (; x + 5 < width; x += 5) {
      const auto* from = reinterpret_cast<const __m128i*>(source + 3 * (width - 5 - x) - 1);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(target + 3 * x), _mm_shuffle_epi8(_mm_loadu_si128(from), order));
    }
  }
#endif
  if (channels == 1) {
    for (; x < width; x++) target[x] = source[width - 1 - x];
    return;
  }
  for (; x < width; x++) {
    std::memcpy(target + x * channels, source + (width - 1 - x) * channels, static_cast<size_t>(channels));
  }
}

VECTORIZED void MirrorRow(const uint32_t* __restrict source, uint32_t* __restrict target, int64_t width, int) {
  for (int64_t x = 0; x < width; x++) target[x] = source[width - 1 - x];
}

template <typename T>
void Mirror(const T* source, T* target, int64_t width, int64_t height, int channels, Symmetry s) {
  const int64_t stride = width * channels;
  for (int64_t y = 0; y < height; y++) {
    const T* from = source + (s.mirrorY ? height - 1 - y : y) * stride;
    if (s.mirrorX) {
      MirrorRow(from, target + y * stride, width, channels);
    } else {
      std::memcpy(target + y * stride, from, static_cast<size_t>(stride) * sizeof(T));
    }
  }
}

// In squares whose rows stay in the cache while they are read as columns. `width` and `height` are the source's. A
// pixel is kChannels values or, where that is 0, `channels`.
template <typename T, int kChannels>
void Transpose(const T* source, T* target, int64_t width, int64_t height, Symmetry s, int channels = kChannels) {
  const int step = kChannels == 0 ? channels : kChannels;
  constexpr int64_t kSide = 32;
  for (int64_t top = 0; top < width; top += kSide) {
    for (int64_t left = 0; left < height; left += kSide) {
      const int64_t bottom = std::min(top + kSide, width), right = std::min(left + kSide, height);
      for (int64_t y = top; y < bottom; y++) {
        const T* column = source + (s.mirrorX ? width - 1 - y : y) * step;
        T* row = target + y * height * step;
        for (int64_t x = left; x < right; x++) {
          const T* from = column + (s.mirrorY ? height - 1 - x : x) * width * step;
          for (int c = 0; c < step; c++) row[x * step + c] = from[c];
        }
      }
    }
  }
}

void ReorientImage(const uint8_t* source, uint8_t* target, int64_t width, int64_t height, int channels, Symmetry s) {
  if (!s.transpose) {
    Mirror(source, target, width, height, channels, s);
  } else if (channels == 1) {
    Transpose<uint8_t, 1>(source, target, width, height, s);
  } else if (channels == 3) {
    Transpose<uint8_t, 3>(source, target, width, height, s);
  } else if (channels == 4) {
    Transpose<uint8_t, 4>(source, target, width, height, s);
  } else {
    Transpose<uint8_t, 0>(source, target, width, height, s, channels);
  }
}

void ReorientPlane(const PlanePair& plane, int64_t width, int64_t height, Symmetry s) {
  if (s.transpose) {
    Transpose<uint32_t, 1>(plane.source, plane.target, width, height, s);
  } else {
    Mirror(plane.source, plane.target, width, height, 1, s);
  }
}

// reorient(source, width, height, channels, planes, transpose, mirrorX, mirrorY, target, outPlanes)
Napi::Value Reorient(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int channels = static_cast<int>(IntegerArg(info, 3, "channels", 1, kMaxChannels));
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const Symmetry s{BooleanArg(info, 5, "transpose"), BooleanArg(info, 6, "mirrorX"), BooleanArg(info, 7, "mirrorY")};
  const auto target = SpanArg<uint8_t>(info, 8, "target", width * height * channels);
  const PlanePairs planes = PlanePairsArg(info, 4, "planes", width * height, 9, "outPlanes", width * height);
  return AsyncKernel::Run(info, planes.KeptWith({target.owner, source.owner}),
                          [=, from = source.data, to = target.data, pairs = planes.data] {
                            ReorientImage(from, to, width, height, channels, s);
                            for (const PlanePair& plane : pairs) ReorientPlane(plane, width, height, s);
                          });
}

}  // namespace

void RegisterSymmetry(Napi::Env env, Napi::Object exports) { Export(env, exports, "reorient", Reorient); }

}  // namespace phalanx
