// What a warp is, shared by its parts: an image and its packed label planes gathered by one map of coordinates. Labels
// are always sampled nearest: one 32-bit value per pixel carries every class.
//
// Numbers follow OpenCV 5 (modules/imgproc: warp_kernels.simd.hpp); src/pixels/warp.ts says which.
#pragma once

#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {

enum Border : int { kConstant = 0, kReplicate = 1, kReflect = 2, kWrap = 3, kReflect101 = 4 };

// A step of a map is done at the border of its frame as `Border` says, or not at all.
constexpr int kNoFold = -1;

enum class StepKind : int { kAffine = 0, kPerspective = 1, kSeparable = 2, kRadial = 3, kDense = 4 };

// One step from an output pixel towards the source: what it maps lies in an image of outWidth x outHeight pixels, the
// result in one of width x height.
struct Step {
  StepKind kind;
  int fold;
  int width, height, outWidth, outHeight;
  // Affine: 6, perspective: 9 (both output to source); radial: centre x, y, scale x, y, coefficients
  // k1, k2, centre x, y in the source.
  double values[9];
  // Separable: a source column per output column, a source row per output row. Dense: both per output pixel.
  const float *mapX, *mapY;
};

struct Warp {
  const uint8_t* source;
  uint8_t* target;
  std::vector<PlanePair> planes;
  // What each plane has beyond a constant border.
  std::vector<uint32_t> labelFill;
  std::vector<Step> steps;
  int width, height, channels, outWidth, outHeight;
  int border;
  // With room for a word that is read from the last channel on.
  uint8_t fill[kMaxChannels + 8];
  bool linear;
};

// Coordinates that are outside of any image.
constexpr float kFar = 1e9f;

// Source coordinates of row `y` of the output, within [-kFar, kFar].
void MapRow(const Warp& w, int y, float* xs, float* ys);

// The pixel of the source at a place that may lie outside, or the fill.
const uint8_t* PixelAt(const Warp& w, int64_t x, int64_t y);

// One pixel of the image, and of every label plane, at a point of the source.
void SamplePixel(const Warp& w, float x, float y, uint8_t* out);
void SampleLabels(const Warp& w, float x, float y, int64_t index);

// Row `y` of the output from column `from` on, pixel by pixel.
void SampleRowTail(const Warp& w, int y, int from, const float* xs, const float* ys);

// Row `y`, eight pixels at a time, where UseAvx2 says so.
bool UseAvx2(const Warp& w);
void SampleRowAvx2(const Warp& w, int y, const float* xs, const float* ys);

}  // namespace phalanx
