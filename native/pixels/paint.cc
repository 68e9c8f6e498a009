// Masks given as runs, set in a label map.
#include "kernel.h"

namespace phalanx {
namespace {

struct Mask {
  const uint32_t* boundaries;
  size_t length;
  uint32_t* plane;
  uint32_t bit;
};

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
    masks.push_back({boundaries.data, boundaries.length, planes.data[c / 32], 1u << (c % 32)});
  }
  return AsyncKernel::Run(info, keep, [=]() {
    for (const Mask& mask : masks) {
      for (size_t i = 0; i < mask.length; i += 2) {
        const int64_t start = mask.boundaries[i], end = mask.boundaries[i + 1];
        if (!columnMajor) {
          for (int64_t position = start; position < end; position++) mask.plane[position] |= mask.bit;
          continue;
        }
        int64_t x = start / height, y = start % height;
        for (int64_t position = start; position < end; position++) {
          mask.plane[y * width + x] |= mask.bit;
          if (++y < height) continue;
          y = 0;
          x++;
        }
      }
    }
  });
}

}  // namespace

void RegisterPaint(Napi::Env env, Napi::Object exports) { Export(env, exports, "paintRuns", PaintRuns); }

}  // namespace phalanx
