// What an affine warp is, shared by the plain implementation and the one in AVX2. Labels are always sampled nearest:
// one 32-bit value per pixel carries every class.
//
// Numbers follow OpenCV 5 (modules/imgproc: warp_kernels.simd.hpp); src/pixels/geometry.ts says which.
#pragma once

#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {

enum Border : int { kConstant = 0, kReplicate = 1, kReflect = 2, kWrap = 3, kReflect101 = 4 };

struct Warp {
  const uint8_t* source;
  uint8_t* target;
  std::vector<PlanePair> planes;
  int width, height, channels, outWidth, outHeight;
  float m[6];  // output pixel to source pixel
  int border;
  uint8_t fill[4];
  bool linear;
};

struct Point {
  float x, y;
};

inline Point SourceOf(const Warp& w, int x, float rowX, float rowY) {
  const float fx = static_cast<float>(x);
  return {Fma(fx, w.m[0], rowX), Fma(fx, w.m[3], rowY)};
}

// One pixel of the image, and of every label plane, at a point of the source.
void SamplePixel(const Warp& w, Point p, uint8_t* out);
void SampleLabels(const Warp& w, Point p, int64_t index);

// Row `y` of the output from column `from` on, pixel by pixel.
void WarpRowTail(const Warp& w, int y, int from, float rowX, float rowY);

// Every row, eight pixels at a time. False, with nothing done, where the machine or the image's size does not allow it.
bool WarpRowsAvx2(const Warp& w);

}  // namespace phalanx
