// Sums along a row and across rows, of which separable filters are made.
//
// Numbers follow OpenCV 5 (modules/imgproc: filter.simd.hpp).
#pragma once

#include <cstdint>

namespace phalanx {

// One row as floats with `radius` mirrored pixels on either side.
void PadRow(const uint8_t* row, int64_t width, int64_t channels, int64_t radius, float* out);

// Along a padded row: taps in order, `step` values apart, each fused.
void ConvolveAlong(const float* row, const float* kernel, int64_t taps, int64_t step, float* out, int64_t count);

// Across 2 radius + 1 rows with a symmetric kernel: centre first, then pairs of mirrored rows, each fused.
void ConvolveAcross(const float* const* rows, const float* kernel, int64_t radius, float* out, int64_t count);

}  // namespace phalanx
