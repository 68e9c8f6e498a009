// Dilation and erosion of all classes of a label map at once. Erosion is dilation of the complement.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {
namespace {

struct Job {
  int64_t width, height, radius;
  bool erode;
  // What the pixels beyond the image are, in the sense of the dilation.
  uint32_t beyond;

  // Row `y` of `plane` as the dilation wants it, with `radius` pixels of what lies beyond on either side.
  void Load(const uint32_t* plane, int64_t y, uint32_t* row) const {
    const uint32_t* from = plane + y * width;
    const uint32_t flip = erode ? ~0u : 0;
    std::fill(row, row + radius, beyond);
    for (int64_t x = 0; x < width; x++) row[radius + x] = from[x] ^ flip;
    std::fill(row + radius + width, row + 2 * radius + width, beyond);
  }
};

VECTORIZED void OrPairs(const uint32_t* __restrict from, int64_t step, uint32_t* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = from[i] | from[i + step];
}

VECTORIZED void OrInto(const uint32_t* __restrict from, uint32_t* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] |= from[i];
}

VECTORIZED bool AnyBit(const uint32_t* row, int64_t count) {
  uint32_t any = 0;
  for (int64_t i = 0; i < count; i++) any |= row[i];
  return any != 0;
}

// Item i becomes the OR of `window` items from i on; an item is `width` words. Windows double until they are as long as
// wanted, so any length takes a handful of passes. Returns the buffer that holds the result.
uint32_t* OrWindows(uint32_t* items, uint32_t* spare, int64_t count, int64_t window, int64_t width) {
  for (int64_t covered = 1; covered < window;) {
    const int64_t step = std::min(covered, window - covered);
    covered += step;
    // Only windows that end within the items are of use.
    OrPairs(items, step * width, spare, (count - covered + 1) * width);
    std::swap(items, spare);
  }
  return items;
}

// Into `target`, as the dilation sees it: each row dilated by a horizontal line.
void DilateRows(const Job& job, const uint32_t* source, uint32_t* target) {
  const int64_t padded = job.width + 2 * job.radius;
  std::vector<uint32_t> row(padded), spare(padded);
  for (int64_t y = 0; y < job.height; y++) {
    job.Load(source, y, row.data());
    const uint32_t* result = OrWindows(row.data(), spare.data(), padded, 2 * job.radius + 1, 1);
    std::copy(result, result + job.width, target + y * job.width);
  }
}

// Each column of `source` dilated by a vertical line and, with `add`, united with what `target` holds. `flip` turns
// what is read into what the dilation wants.
void DilateColumns(const Job& job, const uint32_t* source, uint32_t flip, bool add, uint32_t* target) {
  // A cache line of each row at a time.
  constexpr int64_t kStrip = 16;
  const int64_t padded = job.height + 2 * job.radius;
  std::vector<uint32_t> strip(padded * kStrip, job.beyond), spare(padded * kStrip);
  for (int64_t x0 = 0; x0 < job.width; x0 += kStrip) {
    const int64_t columns = std::min(kStrip, job.width - x0);
    std::fill(strip.begin(), strip.begin() + job.radius * kStrip, job.beyond);
    std::fill(strip.end() - job.radius * kStrip, strip.end(), job.beyond);
    for (int64_t y = 0; y < job.height; y++) {
      const uint32_t* from = source + y * job.width + x0;
      uint32_t* to = strip.data() + (job.radius + y) * kStrip;
      for (int64_t x = 0; x < columns; x++) to[x] = from[x] ^ flip;
    }
    const uint32_t* result = OrWindows(strip.data(), spare.data(), padded, 2 * job.radius + 1, kStrip);
    for (int64_t y = 0; y < job.height; y++) {
      uint32_t* to = target + y * job.width + x0;
      for (int64_t x = 0; x < columns; x++) to[x] = result[y * kStrip + x] | (add ? to[x] : 0);
    }
  }
}

// Each row is widened step by step; of every width it gives a copy to the rows at whose distance the disk is as wide.
void DilateByDisk(const Job& job, const uint32_t* source, uint32_t* target) {
  const int64_t width = job.width, height = job.height, radius = job.radius;
  // rows[k]: distances at which the disk reaches k pixels to either side.
  std::vector<std::vector<int64_t>> rows(radius + 1);
  for (int64_t dy = radius, reach = 0; dy >= 0; dy--) {
    while ((reach + 1) * (reach + 1) + dy * dy <= radius * radius) reach++;
    rows[reach].push_back(dy);
  }
  std::fill(target, target + width * height, 0);
  std::vector<uint32_t> padded(width + 2 * radius), wide(width);
  for (int64_t y = 0; y < height; y++) {
    job.Load(source, y, padded.data());
    if (!AnyBit(padded.data(), width + 2 * radius)) continue;
    const uint32_t* row = padded.data() + radius;
    std::copy(row, row + width, wide.begin());
    for (int64_t k = 0; k <= radius; k++) {
      if (k > 0) {
        OrInto(row - k, wide.data(), width);
        OrInto(row + k, wide.data(), width);
      }
      for (const int64_t dy : rows[k]) {
        if (y - dy >= 0) OrInto(wide.data(), target + (y - dy) * width, width);
        if (dy > 0 && y + dy < height) OrInto(wide.data(), target + (y + dy) * width, width);
      }
    }
  }
  if (job.beyond == 0) return;
  // The rows that reach beyond the image.
  const int64_t reached = std::min(radius, height);
  std::fill(target, target + reached * width, job.beyond);
  std::fill(target + (height - reached) * width, target + height * width, job.beyond);
}

// morphPlanes(source, target, width, height, shape, radius, erode, beyondEmpty): shape is 'square', 'cross' or 'disk'.
// Beyond the image no class is, or, in an erosion without `beyondEmpty`, every class. Resolves with `target`.
Napi::Value MorphPlanes(const Napi::CallbackInfo& info) {
  Job job;
  job.width = SideArg(info, 2, "width");
  job.height = SideArg(info, 3, "height");
  const PlanePairs planes =
      PlanePairsArg(info, 0, "source", job.width * job.height, 1, "target", job.width * job.height);
  const std::string shape = StringArg(info, 4, "shape");
  if (shape != "square" && shape != "cross" && shape != "disk") FailRange(info, "shape", "unknown shape " + shape);
  // From there on every pixel reaches every other.
  job.radius = std::min(IntegerArg(info, 5, "radius", 0, kMaxSide), job.width + job.height);
  job.erode = BooleanArg(info, 6, "erode");
  job.beyond = job.erode && BooleanArg(info, 7, "beyondEmpty") ? ~0u : 0;
  return AsyncKernel::Run(info, planes.KeptWith({info[1].As<Napi::Object>()}), [=, pairs = planes.data] {
    for (const PlanePair& plane : pairs) {
      const uint32_t flip = job.erode ? ~0u : 0;
      if (shape == "disk") {
        DilateByDisk(job, plane.source, plane.target);
      } else {
        DilateRows(job, plane.source, plane.target);
        if (shape == "square") {
          DilateColumns(job, plane.target, 0, false, plane.target);
        } else {
          DilateColumns(job, plane.source, flip, true, plane.target);
        }
      }
      if (!job.erode) continue;
      for (int64_t i = 0; i < job.width * job.height; i++) plane.target[i] = ~plane.target[i];
    }
  });
}

}  // namespace

void RegisterMorphology(Napi::Env env, Napi::Object exports) { Export(env, exports, "morphPlanes", MorphPlanes); }

}  // namespace phalanx
