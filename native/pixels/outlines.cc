#include "outlines.h"

#include "vectorized.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace phalanx {
namespace {

VECTORIZED void ReadBits(const uint32_t* from, uint32_t shift, uint8_t* to, int64_t count) {
  for (int64_t x = 0; x < count; x++) to[x] = (from[x] >> shift) & 1;
}

// Row y of the box into `row`, a byte per pixel between two empty ones. Beyond the box there is nothing of the class.
void ReadRow(const ClassPlane& plane, int64_t y, std::vector<uint8_t>& row) {
  const Box& box = plane.box;
  const int64_t width = box.right - box.left;
  row.assign(width + 2, 0);
  if (y < 0 || y >= box.bottom - box.top) return;
  ReadBits(plane.pixels + (box.top + y) * plane.stride + box.left, plane.shift, row.data() + 1, width);
}

// 1 where the four pixels around a corner differ.
VECTORIZED void MarkCorners(const uint8_t* upper, const uint8_t* lower, uint8_t* marks, int64_t count) {
  for (int64_t x = 0; x < count; x++) {
    marks[x] = (upper[x] ^ upper[x + 1]) | (upper[x] ^ lower[x]) | (upper[x] ^ lower[x + 1]);
  }
}

// 1 where a pixel is set and one of its four neighbours is not.
VECTORIZED void MarkEdges(const uint8_t* upper, const uint8_t* row, const uint8_t* lower, uint8_t* marks,
                          int64_t count) {
  for (int64_t x = 0; x < count; x++) {
    marks[x] = row[x + 1] & ((upper[x + 1] & row[x] & row[x + 2] & lower[x + 1]) ^ 1);
  }
}

// Calls `visit` with the position of every mark. Almost all are zero: eight are passed over at once.
template <typename Visit>
void ForEachMark(const std::vector<uint8_t>& marks, const Visit& visit) {
  constexpr size_t kBlock = 8;
  for (size_t start = 0; start < marks.size(); start += kBlock) {
    const size_t count = std::min(kBlock, marks.size() - start);
    uint64_t block = 0;
    std::memcpy(&block, marks.data() + start, count);
    if (block == 0) continue;
    for (size_t x = start; x < start + count; x++) {
      if (marks[x]) visit(static_cast<int32_t>(x));
    }
  }
}

}  // namespace

std::vector<double> ContourLengths(const Spacing& spacing) {
  const double diagonal = 0.5 * std::sqrt(spacing.y * spacing.y + spacing.x * spacing.x);
  std::vector<double> lengths(16, diagonal);
  lengths[0b0000] = lengths[0b1111] = 0;
  lengths[0b0011] = lengths[0b1100] = spacing.x;
  lengths[0b0101] = lengths[0b1010] = spacing.y;
  lengths[0b0110] = lengths[0b1001] = 2 * diagonal;
  return lengths;
}

Outline ContourOutline(const ClassPlane& plane, const std::vector<double>& lengths) {
  Outline outline;
  std::vector<uint8_t> upper, lower;
  ReadRow(plane, -1, lower);
  std::vector<uint8_t> marks(lower.size() - 1);
  for (int32_t y = 0; y <= plane.box.bottom - plane.box.top; y++) {
    upper.swap(lower);
    ReadRow(plane, y, lower);
    MarkCorners(upper.data(), lower.data(), marks.data(), static_cast<int64_t>(marks.size()));
    ForEachMark(marks, [&](int32_t x) {
      outline.push_back({x, y, lengths[upper[x] << 3 | upper[x + 1] << 2 | lower[x] << 1 | lower[x + 1]]});
    });
  }
  return outline;
}

Outline PixelOutline(const ClassPlane& plane) {
  Outline outline;
  std::vector<uint8_t> upper, row, lower;
  ReadRow(plane, -1, row);
  ReadRow(plane, 0, lower);
  std::vector<uint8_t> marks(row.size() - 2);
  for (int32_t y = 0; y < plane.box.bottom - plane.box.top; y++) {
    upper.swap(row);
    row.swap(lower);
    ReadRow(plane, y + 1, lower);
    MarkEdges(upper.data(), row.data(), lower.data(), marks.data(), static_cast<int64_t>(marks.size()));
    ForEachMark(marks, [&](int32_t x) { outline.push_back({x, y, 1}); });
  }
  return outline;
}

}  // namespace phalanx
