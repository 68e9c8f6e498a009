// Counting which classes of a label map overlap.
#include "kernel.h"

#include <algorithm>

namespace phalanx {
namespace {

// First position in [from, count) whose pixel differs from the one before it, or `count`.
size_t NextChange(const uint32_t* pixels, size_t from, size_t count) {
  constexpr size_t kBlock = 32;
  size_t i = from;
  for (; i + kBlock <= count; i += kBlock) {
    uint32_t any = 0;
    for (size_t j = 0; j < kBlock; j++) any |= pixels[i + j] ^ pixels[i + j - 1];
    if (any != 0) break;
  }
  while (i < count && pixels[i] == pixels[i - 1]) i++;
  return i;
}

// Adds to table[i][j] the number of pixels that have both bit i and bit j, of all planes together. Stretches of equal
// pixels are counted at once.
void CountOverlaps(const std::vector<uint32_t*>& planes, size_t pixels, double* table) {
  const size_t bits = planes.size() * 32;
  std::vector<size_t> change(planes.size(), 0);
  std::vector<size_t> present;
  for (size_t start = 0; start < pixels;) {
    size_t end = pixels;
    present.clear();
    for (size_t p = 0; p < planes.size(); p++) {
      if (change[p] <= start) change[p] = NextChange(planes[p], start + 1, pixels);
      end = std::min(end, change[p]);
      for (uint32_t value = planes[p][start]; value != 0; value &= value - 1) {
        present.push_back(p * 32 + __builtin_ctz(value));
      }
    }
    const auto length = static_cast<double>(end - start);
    for (const size_t i : present) {
      for (const size_t j : present) table[i * bits + j] += length;
    }
    start = end;
  }
}

// overlapTable(planes, pixels): resolves with a Float64Array [bits, bits], bits = 32 * planes.
Napi::Value OverlapTable(const Napi::CallbackInfo& info) {
  const auto pixels = IntegerArg(info, 1, "pixels", 1, kMaxPixels);
  const Planes planes = PlanesArg(info, 0, "planes", pixels);
  if (planes.data.size() > 128) FailRange(info, "planes", "more than 128 planes");
  const size_t bits = planes.data.size() * 32;
  Napi::Float64Array table = Napi::Float64Array::New(info.Env(), bits * bits);
  std::vector<Napi::Object> keep{table};
  keep.insert(keep.end(), planes.owners.begin(), planes.owners.end());
  return AsyncKernel::Run(info, keep, [data = planes.data, pixels, counts = table.Data()]() {
    CountOverlaps(data, pixels, counts);
  });
}

}  // namespace

void RegisterOverlap(Napi::Env env, Napi::Object exports) { Export(env, exports, "overlapTable", OverlapTable); }

}  // namespace phalanx
