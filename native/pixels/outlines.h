// The outline of a class of a label map, in the two ways that surface metrics know.
#pragma once

#include <cstdint>
#include <vector>

#include "boxes.h"

namespace phalanx {

struct Element {
  int32_t x, y;  // within the box
  double weight;
};

// In the order of rows, and within a row from left to right.
using Outline = std::vector<Element>;

// One class within a box that holds all of it.
struct ClassPlane {
  const uint32_t* pixels;
  int64_t stride;
  Box box;
  uint32_t shift;
};

struct Spacing {
  double x, y;
};

// Length of the contour through a corner, by which of the pixels around it are inside: 8 top left, 4 top right, 2 bottom
// left, 1 bottom right. Source: create_table_neighbour_code_to_contour_length of surface-distance 0.1.
std::vector<double> ContourLengths(const Spacing& spacing);

// The corners between pixels of which some are inside and some are not, each as long as the contour through it. Element
// (x, y) lies on the upper left corner of pixel (x, y) of the box.
Outline ContourOutline(const ClassPlane& plane, const std::vector<double>& lengths);

// The pixels inside that have one of their four neighbours outside, each counting once.
Outline PixelOutline(const ClassPlane& plane);

}  // namespace phalanx
