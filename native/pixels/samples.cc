// What the sample cache keeps on disk: a checksum of its bytes, and label planes as stretches of equal pixels.
#include "kernel.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace phalanx {
namespace {

// CRC-32C (Castagnoli, reflected), as RFC 3720 and the processor's instruction define it.
uint32_t TableCrc(uint32_t crc, const uint8_t* bytes, size_t length) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> entries{};
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ 0x82f63b78u : value >> 1;
      entries[i] = value;
    }
    return entries;
  }();
  for (size_t i = 0; i < length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t HardwareCrc(uint32_t crc, const uint8_t* bytes, size_t length) {
  uint64_t wide = crc;
  for (; length >= 8; bytes += 8, length -= 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; length > 0; bytes++, length--) crc = _mm_crc32_u8(crc, *bytes);
  return crc;
}
#endif

uint32_t Crc(uint32_t crc, const uint8_t* bytes, size_t length) {
#if defined(__x86_64__)
  static const bool hardware = __builtin_cpu_supports("sse4.2") != 0;
  if (hardware) return HardwareCrc(crc, bytes, length);
#endif
  return TableCrc(crc, bytes, length);
}

struct Parts {
  std::vector<Span<uint8_t>> spans;

  uint32_t Checksum() const {
    uint32_t crc = 0xffffffffu;
    for (const auto& span : spans) crc = Crc(crc, span.data, span.length);
    return ~crc;
  }

  void KeepIn(std::vector<Napi::Object>& owners) const {
    for (const auto& span : spans) owners.push_back(span.owner);
  }
};

Parts PartsArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  return {SpansArg<uint8_t>(info, index, name, kAnyLength, kAnyLength)};
}

// checksum(parts): resolves with the CRC-32C of the parts one after the other.
Napi::Value Checksum(const Napi::CallbackInfo& info) {
  const Parts parts = PartsArg(info, 0, "parts");
  if (parts.spans.empty()) FailRange(info, "parts", "expected at least one");
  std::vector<Napi::Object> keep;
  parts.KeepIn(keep);
  auto sum = std::make_shared<uint32_t>(0);
  return AsyncKernel::Run(
      info, keep, [parts, sum] { *sum = parts.Checksum(); },
      [sum](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, *sum); });
}

// Each plane is a count of stretches, then as many pairs of value and length. False when that is not what there is.
bool Unpack(const uint32_t* words, size_t count, const std::vector<uint32_t*>& planes, size_t pixels) {
  const uint32_t* const end = words + count;
  for (uint32_t* plane : planes) {
    if (words == end) return false;
    const size_t stretches = *words++;
    if (stretches > static_cast<size_t>(end - words) / 2) return false;
    size_t filled = 0;
    for (size_t i = 0; i < stretches; i++, words += 2) {
      if (words[1] > pixels - filled) return false;
      std::fill_n(plane + filled, words[1], words[0]);
      filled += words[1];
    }
    if (filled != pixels) return false;
  }
  return words == end;
}

// unpackSample(parts, checksum, words, planes, pixels): fills the planes from their stretches. Resolves with false when
// the checksum of the parts is another, or the stretches are not those of the planes, whose content is arbitrary then.
Napi::Value UnpackSample(const Napi::CallbackInfo& info) {
  const Parts parts = PartsArg(info, 0, "parts");
  const auto expected = static_cast<uint32_t>(IntegerArg(info, 1, "checksum", 0, 0xffffffffLL));
  const auto words = SpanArg<uint32_t>(info, 2, "words");
  const int64_t pixels = IntegerArg(info, 4, "pixels", 1, kMaxPixels);
  const Planes planes = PlanesArg(info, 3, "planes", pixels);
  std::vector<Napi::Object> keep = planes.owners;
  keep.push_back(words.owner);
  parts.KeepIn(keep);
  auto whole = std::make_shared<bool>(false);
  return AsyncKernel::Run(
      info, keep,
      [=, data = planes.data] {
        *whole = parts.Checksum() == expected &&
                 Unpack(words.data, words.length, data, static_cast<size_t>(pixels));
      },
      [whole](Napi::Env env) -> Napi::Value { return Napi::Boolean::New(env, *whole); });
}

}  // namespace

void RegisterSamples(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "checksum", Checksum);
  Export(env, exports, "unpackSample", UnpackSample);
}

}  // namespace phalanx
