// How far the outlines of a class in two label maps are from each other.
//
// Outlines are those of DeepMind's surface-distance (contour elements on the corners between pixels, weighted with their
// lengths) or of MONAI (pixels with a neighbour outside, each counting once). Distances come from an exact Euclidean
// distance transform of the classes' common box: down and up the columns, then along the rows (T. Saito, J.-I. Toriwaki,
// "New algorithms for Euclidean distance transformation", 1994), the second only where the other outline passes. Along a
// row the nearest column is searched outwards; a row in which that takes long gets the lower envelope of its parabolas (P.
// Felzenszwalb, D. Huttenlocher, "Distance transforms of sampled functions", 2012), so time never grows with the square
// of the width.
#include "kernel.h"
#include "outlines.h"
#include "vectorized.h"

#include <algorithm>
#include <limits>
#include <memory>

namespace phalanx {
namespace {

// Squared distances along one row, from the distances to the nearest element in each column.
class RowSearch {
 public:
  static constexpr int32_t kNone = 1 << 29;

  RowSearch(const Spacing& spacing, int64_t width) : spacing_(spacing), width_(width), budget_(0) {}

  // `rows`: for each column the number of rows to its nearest element, at least kNone without one.
  void Begin(const int32_t* rows) {
    rows_ = rows;
    budget_ = 4 * width_;
    next_ = 0;
  }

  // To be asked from left to right.
  double Nearest(int64_t x) {
    if (budget_ < 0) return ByEnvelope(x);
    double best = Through(x, x);
    for (int64_t k = 1; Horizontal(k) < best; k++, budget_--) {
      if (x < k && x + k >= width_) break;
      if (x >= k) best = std::min(best, Through(x, x - k));
      if (x + k < width_) best = std::min(best, Through(x, x + k));
    }
    if (budget_ < 0) BuildEnvelope();
    return best;
  }

 private:
  double Horizontal(int64_t columns) const {
    const double distance = static_cast<double>(columns) * spacing_.x;
    return distance * distance;
  }

  double Vertical(int64_t column) const {
    if (rows_[column] >= kNone) return std::numeric_limits<double>::infinity();
    const double distance = rows_[column] * spacing_.y;
    return distance * distance;
  }

  // From (x, 0) to the nearest element in `column`.
  double Through(int64_t x, int64_t column) const { return Horizontal(x - column) + Vertical(column); }

  // Where the parabola of `right` goes below that of `left`.
  double Crossing(int64_t left, int64_t right) const {
    const auto l = static_cast<double>(left), r = static_cast<double>(right);
    return (l + r) / 2 + (Vertical(right) - Vertical(left)) / (2 * spacing_.x * spacing_.x * (r - l));
  }

  void BuildEnvelope() {
    lowest_.clear();
    from_.clear();
    for (int64_t column = 0; column < width_; column++) {
      if (rows_[column] >= kNone) continue;
      double from = -std::numeric_limits<double>::infinity();
      while (!lowest_.empty()) {
        from = Crossing(lowest_.back(), column);
        if (from > from_.back()) break;
        lowest_.pop_back();
        from_.pop_back();
        from = -std::numeric_limits<double>::infinity();
      }
      lowest_.push_back(column);
      from_.push_back(from);
    }
  }

  double ByEnvelope(int64_t x) {
    while (next_ + 1 < lowest_.size() && from_[next_ + 1] <= static_cast<double>(x)) next_++;
    return Through(x, lowest_[next_]);
  }

  const Spacing spacing_;
  const int64_t width_;
  const int32_t* rows_ = nullptr;
  // Steps that the search may still take in this row.
  int64_t budget_;
  // The envelope: columns whose parabolas are lowest, and from where on; `next_` is the last one that was asked for.
  std::vector<int64_t> lowest_;
  std::vector<double> from_;
  size_t next_ = 0;
};

struct Distances {
  std::vector<double> distances, weights;
};

// Distances within the columns, one row on.
VECTORIZED void NextRow(const int32_t* __restrict before, int32_t* __restrict row, int64_t width) {
  for (int64_t x = 0; x < width; x++) row[x] = std::min(row[x], before[x] + 1);
}

// From each element of one outline to the nearest of another, ascending; elements of one distance are one entry: a
// prediction that is noise has millions of elements, but few distances.
Distances DistancesBetween(const Outline& from, const Outline& to, int64_t width, int64_t height,
                           const Spacing& spacing) {
  std::vector<std::pair<double, double>> found;
  found.reserve(from.size());
  if (to.empty()) {
    for (const Element& element : from) found.emplace_back(std::numeric_limits<double>::infinity(), element.weight);
  } else if (!from.empty()) {
    std::vector<int32_t> rows(width * height, RowSearch::kNone);
    for (const Element& element : to) rows[element.y * width + element.x] = 0;
    int32_t* const first = rows.data();
    for (int64_t y = 1; y < height; y++) NextRow(first + (y - 1) * width, first + y * width, width);
    for (int64_t y = height - 1; y-- > 0;) NextRow(first + (y + 1) * width, first + y * width, width);
    RowSearch search(spacing, width);
    int64_t y = -1;
    for (const Element& element : from) {
      if (element.y != y) search.Begin(rows.data() + element.y * width);
      y = element.y;
      found.emplace_back(std::sqrt(search.Nearest(element.x)), element.weight);
    }
  }
  std::sort(found.begin(), found.end());
  Distances result;
  for (const auto& [distance, weight] : found) {
    if (result.distances.empty() || result.distances.back() != distance) {
      result.distances.push_back(distance);
      result.weights.push_back(weight);
    } else {
      result.weights.back() += weight;
    }
  }
  return result;
}

struct ClassDistances {
  Distances predictedToTarget, targetToPredicted;
};

Napi::Value ToArray(Napi::Env env, const std::vector<double>& numbers) {
  Napi::Float64Array array = Napi::Float64Array::New(env, numbers.size());
  std::copy(numbers.begin(), numbers.end(), array.Data());
  return array;
}

// surfaceDistances(predicted, target, width, height, classes, spacingX, spacingY, elements): elements is 'contour' or
// 'pixels'. Resolves with [distances, weights, distances, weights] per class: from the first to the second and back.
Napi::Value SurfaceDistances(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 2, "width"), height = SideArg(info, 3, "height");
  const Planes predicted = PlanesArg(info, 0, "predicted", width * height);
  const Planes target = PlanesArg(info, 1, "target", width * height);
  if (predicted.data.size() != target.data.size()) FailRange(info, "target", "expected as many planes");
  const auto classes =
      static_cast<size_t>(IntegerArg(info, 4, "classes", 0, static_cast<int64_t>(predicted.data.size()) * 32));
  const Spacing spacing{NumberArg(info, 5, "spacingX"), NumberArg(info, 6, "spacingY")};
  for (const double step : {spacing.x, spacing.y}) {
    if (!(step >= 1e-9 && step <= 1e9)) FailRange(info, "spacing", "expected numbers from 1e-9 to 1e9");
  }
  const std::string elements = StringArg(info, 7, "elements");
  if (elements != "contour" && elements != "pixels") FailRange(info, "elements", "unknown elements " + elements);
  const bool contour = elements == "contour";
  std::vector<Napi::Object> keep = predicted.owners;
  keep.insert(keep.end(), target.owners.begin(), target.owners.end());
  auto results = std::make_shared<std::vector<ClassDistances>>(classes);
  return AsyncKernel::Run(
      info, keep,
      [=, a = predicted.data, b = target.data]() {
        const std::vector<Box> boxesA = ClassBoxes(a, width, height), boxesB = ClassBoxes(b, width, height);
        const std::vector<double> lengths = ContourLengths(spacing);
        for (size_t c = 0; c < classes; c++) {
          const Box box = boxesA[c].With(boxesB[c]);
          if (box.Empty()) continue;
          const auto outlineOf = [&](const uint32_t* pixels) {
            const ClassPlane plane{pixels, width, box, static_cast<uint32_t>(c % 32)};
            return contour ? ContourOutline(plane, lengths) : PixelOutline(plane);
          };
          const Outline outlineA = outlineOf(a[c / 32]), outlineB = outlineOf(b[c / 32]);
          // Corners are one more than pixels.
          const int64_t columns = box.right - box.left + contour, rows = box.bottom - box.top + contour;
          (*results)[c] = {DistancesBetween(outlineA, outlineB, columns, rows, spacing),
                           DistancesBetween(outlineB, outlineA, columns, rows, spacing)};
        }
      },
      [results](Napi::Env env) -> Napi::Value {
        Napi::Array all = Napi::Array::New(env, results->size());
        for (uint32_t c = 0; c < results->size(); c++) {
          const ClassDistances& one = (*results)[c];
          Napi::Array lists = Napi::Array::New(env, 4);
          lists.Set(uint32_t{0}, ToArray(env, one.predictedToTarget.distances));
          lists.Set(uint32_t{1}, ToArray(env, one.predictedToTarget.weights));
          lists.Set(uint32_t{2}, ToArray(env, one.targetToPredicted.distances));
          lists.Set(uint32_t{3}, ToArray(env, one.targetToPredicted.weights));
          all.Set(c, lists);
        }
        return all;
      });
}

}  // namespace

void RegisterSurface(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "surfaceDistances", SurfaceDistances);
}

}  // namespace phalanx
