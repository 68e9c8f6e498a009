// Mirroring of an image together with its packed label planes.
#include "kernel.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace phalanx {
namespace {

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
    for (int c = 0; c < channels; c++) target[x * channels + c] = source[(width - 1 - x) * channels + c];
  }
}

// flip(source, width, height, channels, planes, horizontal, target, outPlanes)
Napi::Value Flip(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const int channels = static_cast<int>(IntegerArg(info, 3, "channels", 1, 4));
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * channels);
  const bool horizontal = IntegerArg(info, 5, "horizontal", 0, 1) == 1;
  const auto target = SpanArg<uint8_t>(info, 6, "target", width * height * channels);
  const PlanePairs planes = PlanePairsArg(info, 4, "planes", width * height, 7, "outPlanes", width * height);
  const uint8_t* from = source.data;
  uint8_t* to = target.data;
  return AsyncKernel::Run(info, planes.KeptWith({target.owner, source.owner}), [=, pairs = planes.data] {
    const int64_t stride = width * channels;
    for (int64_t y = 0; y < height; y++) {
      const int64_t mirrored = horizontal ? y : height - 1 - y;
      if (horizontal) {
        MirrorRow(from + y * stride, to + y * stride, width, channels);
      } else {
        std::memcpy(to + y * stride, from + mirrored * stride, static_cast<size_t>(stride));
      }
      for (const PlanePair& plane : pairs) {
        const uint32_t* a = plane.source + mirrored * width;
        uint32_t* b = plane.target + y * width;
        if (horizontal) {
          std::reverse_copy(a, a + width, b);
        } else {
          std::memcpy(b, a, static_cast<size_t>(width) * 4);
        }
      }
    }
  });
}

}  // namespace

void RegisterFlip(Napi::Env env, Napi::Object exports) { Export(env, exports, "flip", Flip); }

}  // namespace phalanx
