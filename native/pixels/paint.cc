// Masks given as runs, set in a label map.
#include "kernel.h"

#include <algorithm>

namespace phalanx {
namespace {

// The runs of one class that are still to be painted.
struct Mask {
  const uint32_t* next;
  const uint32_t* end;
  size_t plane;
  uint32_t bit;
};

void SetBits(uint32_t* pixels, int64_t count, uint32_t bit) {
  for (int64_t i = 0; i < count; i++) pixels[i] |= bit;
}

// Sixteen columns at a time, a cache line of each row, are painted where they lie one after the other and then turned. A
// stride that is no power of two keeps them out of each other's cache sets.
void PaintColumns(std::vector<Mask> masks, const std::vector<uint32_t*>& planes, int64_t width, int64_t height) {
  constexpr int64_t kStrip = 16;
  const int64_t stride = height + kStrip;
  std::vector<std::vector<uint32_t>> strips(planes.size(), std::vector<uint32_t>(kStrip * stride));
  for (int64_t x0 = 0; x0 < width; x0 += kStrip) {
    const int64_t columns = std::min(kStrip, width - x0);
    // Rows that anything was painted in.
    int64_t top = height, bottom = 0;
    for (Mask& mask : masks) {
      for (; mask.next < mask.end && mask.next[0] < (x0 + columns) * height; mask.next += 2) {
        const int64_t end = std::min<int64_t>(mask.next[1], (x0 + columns) * height);
        for (int64_t start = std::max<int64_t>(mask.next[0], x0 * height); start < end;) {
          const int64_t column = start / height, stop = std::min(end, (column + 1) * height), y = start - column * height;
          SetBits(strips[mask.plane].data() + (column - x0) * stride + y, stop - start, mask.bit);
          top = std::min(top, y);
          bottom = std::max(bottom, y + stop - start);
          start = stop;
        }
        // It goes on in the next strip.
        if (mask.next[1] > end) break;
      }
    }
    for (size_t p = 0; p < planes.size() && top < bottom; p++) {
      uint32_t* const strip = strips[p].data();
      for (int64_t y = top; y < bottom; y++) {
        uint32_t* const row = planes[p] + y * width + x0;
        for (int64_t x = 0; x < columns; x++) row[x] |= strip[x * stride + y];
      }
      std::fill(strips[p].begin(), strips[p].end(), 0);
    }
  }
}

// paintRuns(planes, width, height, boundaries, columnMajor): boundaries[c] are those of class c, strictly increasing
// positions at which it begins and ends. Resolves with `planes`.
Napi::Value PaintRuns(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const Planes planes = PlanesArg(info, 0, "planes", width * height);
  const auto runs = SpansArg<uint32_t>(info, 3, "boundaries", kAnyLength, kAnyLength);
  const bool columnMajor = BooleanArg(info, 4, "columnMajor");
  if (runs.size() > planes.data.size() * 32) FailRange(info, "boundaries", "class without a plane");
  std::vector<Napi::Object> keep{info[0].As<Napi::Object>()};
  keep.insert(keep.end(), planes.owners.begin(), planes.owners.end());
  std::vector<Mask> masks;
  for (size_t c = 0; c < runs.size(); c++) {
    const auto& boundaries = runs[c];
    bool sound = boundaries.length % 2 == 0;
    for (size_t i = 0; sound && i < boundaries.length; i++) {
      sound = boundaries[i] <= width * height && (i == 0 || boundaries[i] > boundaries[i - 1]);
    }
    if (!sound) FailRange(info, "boundaries", "expected increasing positions within the image, in pairs");
    keep.push_back(boundaries.owner);
    masks.push_back({boundaries.data, boundaries.data + boundaries.length, c / 32, 1u << (c % 32)});
  }
  return AsyncKernel::Run(info, keep, [=, planes = planes.data]() {
    if (columnMajor) return PaintColumns(masks, planes, width, height);
    for (const Mask& mask : masks) {
      for (const uint32_t* run = mask.next; run < mask.end; run += 2) {
        SetBits(planes[mask.plane] + run[0], run[1] - run[0], mask.bit);
      }
    }
  });
}

}  // namespace

void RegisterPaint(Napi::Env env, Napi::Object exports) { Export(env, exports, "paintRuns", PaintRuns); }

}  // namespace phalanx
