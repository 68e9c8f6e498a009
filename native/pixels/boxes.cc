#include "boxes.h"

#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {
namespace {

// Adds a row to what its columns have; returns what the row has.
VECTORIZED uint32_t AddRow(const uint32_t* row, uint32_t* columns, int64_t width) {
  uint32_t any = 0;
  for (int64_t x = 0; x < width; x++) {
    any |= row[x];
    columns[x] |= row[x];
  }
  return any;
}

// classBoxes(planes, width, height): resolves with an Int32Array [bits, 4] of left, top, right and bottom, the latter
// two exclusive; zeros for a class without pixels.
Napi::Value ClassBoxesKernel(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const Planes planes = PlanesArg(info, 0, "planes", width * height);
  auto result = NewArray<Napi::Int32Array>(info, planes.data.size() * 32 * 4);
  std::vector<Napi::Object> keep{result};
  keep.insert(keep.end(), planes.owners.begin(), planes.owners.end());
  return AsyncKernel::Run(info, keep, [=, planes = planes.data, next = result.Data()]() mutable {
    for (const Box& box : ClassBoxes(planes, width, height)) {
      for (const int64_t side : {box.left, box.top, box.right, box.bottom}) *next++ = static_cast<int32_t>(side);
    }
  });
}

}  // namespace

Box Box::With(const Box& other) const {
  if (Empty()) return other;
  if (other.Empty()) return *this;
  return {std::min(left, other.left), std::min(top, other.top), std::max(right, other.right),
          std::max(bottom, other.bottom)};
}

std::vector<Box> ClassBoxes(const std::vector<uint32_t*>& planes, int64_t width, int64_t height) {
  std::vector<Box> boxes(planes.size() * 32);
  std::vector<uint32_t> columns(width);
  for (size_t p = 0; p < planes.size(); p++) {
    Box* const plane = boxes.data() + 32 * p;
    std::fill(columns.begin(), columns.end(), 0);
    uint32_t seen = 0;
    for (int64_t y = 0; y < height; y++) {
      const uint32_t row = AddRow(planes[p] + y * width, columns.data(), width);
      for (uint32_t rest = row & ~seen; rest != 0; rest &= rest - 1) plane[__builtin_ctz(rest)].top = y;
      for (uint32_t rest = row; rest != 0; rest &= rest - 1) plane[__builtin_ctz(rest)].bottom = y + 1;
      seen |= row;
    }
    uint32_t begun = 0;
    for (int64_t x = 0; x < width; x++) {
      for (uint32_t rest = columns[x] & ~begun; rest != 0; rest &= rest - 1) plane[__builtin_ctz(rest)].left = x;
      for (uint32_t rest = columns[x]; rest != 0; rest &= rest - 1) plane[__builtin_ctz(rest)].right = x + 1;
      begun |= columns[x];
    }
  }
  return boxes;
}

void RegisterBoxes(Napi::Env env, Napi::Object exports) { Export(env, exports, "classBoxes", ClassBoxesKernel); }

}  // namespace phalanx
