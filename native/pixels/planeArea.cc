// Shrinking of label planes: a class has the pixels of which it covers at least half.
//
// Where all source pixels under a pixel agree about a class, one AND and one OR tell so for 32 classes; only the classes
// about which they differ are counted.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {
namespace {

// The source pixels under one target pixel along one axis, [first, end), in units of which a source pixel has `length` of
// the target and a target pixel has that of the source: all is whole numbers.
struct Cover {
  int64_t first, end, firstShare, lastShare, share;

  int64_t ShareOf(int64_t position) const {
    return position == first ? firstShare : position == end - 1 ? lastShare : share;
  }
};

std::vector<Cover> Covers(int64_t sourceLength, int64_t length) {
  std::vector<Cover> covers;
  for (int64_t i = 0; i < length; i++) {
    const int64_t start = i * sourceLength, stop = start + sourceLength;
    const int64_t first = start / length, end = (stop + length - 1) / length;
    const int64_t firstShare = std::min(stop, (first + 1) * length) - start;
    covers.push_back({first, end, firstShare, stop - std::max(start, (end - 1) * length), length});
  }
  return covers;
}

VECTORIZED void AddRow(const uint32_t* row, uint32_t* all, uint32_t* any, int64_t count) {
  for (int64_t x = 0; x < count; x++) {
    all[x] &= row[x];
    any[x] |= row[x];
  }
}

void ShrinkPlane(const uint32_t* source, int64_t sourceWidth, const std::vector<Cover>& columns,
                 const std::vector<Cover>& rows, int64_t area, uint32_t* target) {
  std::vector<uint32_t> all(sourceWidth), any(sourceWidth);
  for (const Cover& row : rows) {
    std::fill(all.begin(), all.end(), ~0u);
    std::fill(any.begin(), any.end(), 0);
    for (int64_t y = row.first; y < row.end; y++) {
      AddRow(source + y * sourceWidth, all.data(), any.data(), sourceWidth);
    }
    for (const Cover& column : columns) {
      uint32_t everywhere = ~0u, somewhere = 0;
      for (int64_t x = column.first; x < column.end; x++) {
        everywhere &= all[x];
        somewhere |= any[x];
      }
      for (uint32_t rest = somewhere & ~everywhere; rest != 0; rest &= rest - 1) {
        const uint32_t bit = rest & -rest;
        int64_t covered = 0;
        for (int64_t y = row.first; y < row.end; y++) {
          const uint32_t* pixels = source + y * sourceWidth;
          int64_t inRow = 0;
          for (int64_t x = column.first; x < column.end; x++) {
            if (pixels[x] & bit) inRow += column.ShareOf(x);
          }
          covered += inRow * row.ShareOf(y);
        }
        if (2 * covered >= area) everywhere |= bit;
      }
      *target++ = everywhere;
    }
  }
}

// resizePlanesByArea(source, sourceWidth, sourceHeight, target, width, height)
Napi::Value ResizePlanesByArea(const Napi::CallbackInfo& info) {
  const int64_t sourceWidth = SideArg(info, 1, "sourceWidth"), sourceHeight = SideArg(info, 2, "sourceHeight");
  const int64_t width = SideArg(info, 4, "width"), height = SideArg(info, 5, "height");
  const PlanePairs planes = PlanePairsArg(info, 0, "source", sourceWidth * sourceHeight, 3, "target", width * height);
  return AsyncKernel::Run(info, planes.KeptWith({info[3].As<Napi::Object>()}), [=, pairs = planes.data] {
    const std::vector<Cover> columns = Covers(sourceWidth, width), rows = Covers(sourceHeight, height);
    for (const PlanePair& plane : pairs) {
      ShrinkPlane(plane.source, sourceWidth, columns, rows, sourceWidth * sourceHeight, plane.target);
    }
  });
}

}  // namespace

void RegisterPlaneArea(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "resizePlanesByArea", ResizePlanesByArea);
}

}  // namespace phalanx
