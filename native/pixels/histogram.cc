// Counting grey values.
#include "kernel.h"

#include <array>

namespace phalanx {
namespace {

constexpr size_t kValues = 256;

// Four tables, so that a stretch of equal values does not wait for its own counter.
using Tables = std::array<std::array<uint32_t, kValues>, 4>;

void CountGrey(const uint8_t* data, size_t pixels, Tables& tables) {
  size_t i = 0;
  for (; i + 4 <= pixels; i += 4) {
    for (size_t j = 0; j < 4; j++) tables[j][data[i + j]]++;
  }
  for (; i < pixels; i++) tables[0][data[i]]++;
}

// Luminance of ITU-R BT.601 in the fixed-point weights of OpenCV's RGB2GRAY.
void CountColour(const uint8_t* data, size_t pixels, Tables& tables) {
  for (size_t i = 0; i < pixels; i++, data += 3) {
    tables[i & 3][(data[0] * 9798u + data[1] * 19235u + data[2] * 3735u + 16384u) >> 15]++;
  }
}

void CountEvery(const uint8_t* data, size_t pixels, size_t step, Tables& tables) {
  for (size_t i = 0; i < pixels; i++) tables[i & 3][data[i * step]]++;
}

// greyHistogram(data, pixels, channels): resolves with a Float64Array of 256 counts.
Napi::Value GreyHistogram(const Napi::CallbackInfo& info) {
  const auto pixels = IntegerArg(info, 1, "pixels", 1, kMaxPixels);
  const auto channels = IntegerArg(info, 2, "channels", 1, kMaxChannels);
  const auto data = SpanArg<uint8_t>(info, 0, "data", pixels * channels);
  auto counts = NewArray<Napi::Float64Array>(info, kValues);
  double* const result = counts.Data();
  return AsyncKernel::Run(info, {counts, data.owner}, [source = data.data, pixels, channels, result]() {
    Tables tables{};
    if (channels == 1) {
      CountGrey(source, static_cast<size_t>(pixels), tables);
    } else if (channels == 3) {
      CountColour(source, static_cast<size_t>(pixels), tables);
    } else {
      CountEvery(source + (channels - 1) / 2, static_cast<size_t>(pixels), static_cast<size_t>(channels), tables);
    }
    for (size_t value = 0; value < kValues; value++) {
      for (const auto& table : tables) result[value] += table[value];
    }
  });
}

}  // namespace

void RegisterHistogram(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "greyHistogram", GreyHistogram);
}

}  // namespace phalanx
