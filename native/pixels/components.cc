// Connected components of every class of a label map, and what is removed or filled by them: union-find over the
// stretches of each row, so that time goes with the number of runs once the planes are scanned.
#include "kernel.h"
#include "runs.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

namespace phalanx {
namespace {

// Columns [start, end) of row y; of holes, columns beyond the image on either side.
struct Segment {
  int64_t y, start, end;

  int64_t Length() const { return end - start; }
};

class Components {
 public:
  // Segments in the order of rows, and within a row from left to right, none touching the next. With `diagonal`,
  // pixels that meet at a corner are connected.
  Components(std::vector<Segment> segments, bool diagonal) : segments_(std::move(segments)), of_(segments_.size()) {
    std::iota(of_.begin(), of_.end(), size_t{0});
    const int64_t reach = diagonal ? 1 : 0;
    for (size_t above = 0, below = 0; below < segments_.size();) {
      const Segment& a = segments_[above];
      const Segment& b = segments_[below];
      if (a.y + 1 < b.y || (a.y + 1 == b.y && a.end + reach <= b.start)) {
        above++;
      } else if (a.y >= b.y || b.end + reach <= a.start) {
        below++;
      } else {
        Unite(above, below);
        // The one that ends first touches nothing further on.
        if (a.end <= b.end) {
          above++;
        } else {
          below++;
        }
      }
    }
    // The first segment of a component, of which every other one's is found, becomes its number.
    for (size_t i = 0; i < of_.size(); i++) of_[i] = of_[i] == i ? count_++ : of_[of_[i]];
  }

  size_t Count() const { return count_; }
  size_t Size() const { return segments_.size(); }
  const Segment& SegmentAt(size_t i) const { return segments_[i]; }
  // Number of the component that a segment belongs to, in the order of their first pixels.
  size_t ComponentOf(size_t i) const { return of_[i]; }

  std::vector<int64_t> Areas() const {
    std::vector<int64_t> areas(count_);
    for (size_t i = 0; i < Size(); i++) areas[of_[i]] += segments_[i].Length();
    return areas;
  }

 private:
  size_t Root(size_t i) {
    while (of_[i] != i) i = of_[i] = of_[of_[i]];
    return i;
  }

  void Unite(size_t i, size_t j) {
    i = Root(i);
    j = Root(j);
    // The smaller index stays the root, so that roots come first in their components.
    if (i < j) of_[j] = i;
    if (j < i) of_[i] = j;
  }

  std::vector<Segment> segments_;
  // While uniting: another segment of the same component, with a smaller index; in the end the component.
  std::vector<size_t> of_;
  size_t count_ = 0;
};

std::vector<Segment> RowSegments(const Boundaries& runs, int64_t width) {
  std::vector<Segment> segments;
  for (size_t i = 0; i < runs.size(); i += 2) {
    const int64_t end = runs[i + 1];
    for (int64_t start = runs[i]; start < end;) {
      const int64_t y = start / width, stop = std::min(end, (y + 1) * width);
      segments.push_back({y, start - y * width, stop - y * width});
      start = stop;
    }
  }
  return segments;
}

// What lies between the segments and around them, one pixel further than the image on every side, so that all that is
// connected to the outside is one component, the first.
std::vector<Segment> Background(const std::vector<Segment>& segments, int64_t width) {
  std::vector<Segment> gaps;
  if (segments.empty()) return gaps;
  const int64_t first = segments.front().y, last = segments.back().y;
  gaps.push_back({first - 1, -1, width + 1});
  size_t i = 0;
  for (int64_t y = first; y <= last; y++) {
    int64_t start = -1;
    for (; i < segments.size() && segments[i].y == y; i++) {
      gaps.push_back({y, start, segments[i].start});
      start = segments[i].end;
    }
    gaps.push_back({y, start, width + 1});
  }
  gaps.push_back({last + 1, -1, width + 1});
  return gaps;
}

void Clear(uint32_t* plane, int64_t width, const Segment& segment, uint32_t bit) {
  uint32_t* row = plane + segment.y * width;
  for (int64_t x = segment.start; x < segment.end; x++) row[x] &= ~bit;
}

void Set(uint32_t* plane, int64_t width, const Segment& segment, uint32_t bit) {
  uint32_t* row = plane + segment.y * width;
  for (int64_t x = segment.start; x < segment.end; x++) row[x] |= bit;
}

// Leaves of each class the `largest` largest components of at least `minArea` pixels; of two of one area, the first.
void KeepComponents(uint32_t* plane, int64_t width, const Components& components, uint32_t bit, double largest,
                    double minArea) {
  const std::vector<int64_t> areas = components.Areas();
  std::vector<size_t> order(components.Count());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return areas[a] > areas[b]; });
  std::vector<bool> kept(components.Count());
  for (size_t rank = 0; rank < order.size(); rank++) {
    kept[order[rank]] = static_cast<double>(rank) < largest && static_cast<double>(areas[order[rank]]) >= minArea;
  }
  for (size_t i = 0; i < components.Size(); i++) {
    if (!kept[components.ComponentOf(i)]) Clear(plane, width, components.SegmentAt(i), bit);
  }
}

void FillHoles(uint32_t* plane, int64_t width, const Components& background, uint32_t bit, double maxArea) {
  const std::vector<int64_t> areas = background.Areas();
  for (size_t i = 0; i < background.Size(); i++) {
    const size_t hole = background.ComponentOf(i);
    if (hole == 0 || static_cast<double>(areas[hole]) > maxArea) continue;
    Set(plane, width, background.SegmentAt(i), bit);
  }
}

// Area, left, top, right, bottom (exclusive), and the sums of x and y over the pixels, of each component.
constexpr size_t kNumbers = 7;

std::vector<double> Describe(const Components& components) {
  std::vector<double> numbers(components.Count() * kNumbers);
  std::vector<bool> seen(components.Count());
  for (size_t i = 0; i < components.Size(); i++) {
    const Segment& segment = components.SegmentAt(i);
    const auto y = static_cast<double>(segment.y);
    const auto left = static_cast<double>(segment.start), right = static_cast<double>(segment.end);
    const double length = right - left;
    double* const to = numbers.data() + components.ComponentOf(i) * kNumbers;
    if (!seen[components.ComponentOf(i)]) {
      to[1] = left;
      to[2] = y;
    }
    seen[components.ComponentOf(i)] = true;
    to[0] += length;
    to[1] = std::min(to[1], left);
    to[3] = std::max(to[3], right);
    to[4] = y + 1;
    to[5] += (left + right - 1) / 2 * length;
    to[6] += y * length;
  }
  return numbers;
}

// labelComponents(planes, width, height, classes, diagonal): resolves with a Float64Array [components, 7] per class.
Napi::Value LabelComponents(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const Planes planes = PlanesArg(info, 0, "planes", width * height);
  const int64_t classes = IntegerArg(info, 3, "classes", 0, static_cast<int64_t>(planes.data.size()) * 32);
  const bool diagonal = BooleanArg(info, 4, "diagonal");
  auto described = std::make_shared<std::vector<std::vector<double>>>();
  const LabelScan scan{planes.data, static_cast<size_t>(width), static_cast<size_t>(height),
                       static_cast<size_t>(classes), false};
  return AsyncKernel::Run(
      info, planes.owners,
      [=]() {
        for (const Boundaries& runs : scan.FindRuns()) {
          described->push_back(Describe(Components(RowSegments(runs, width), diagonal)));
        }
      },
      [described](Napi::Env env) -> Napi::Value {
        Napi::Array result = Napi::Array::New(env, described->size());
        for (uint32_t c = 0; c < described->size(); c++) {
          const std::vector<double>& numbers = (*described)[c];
          Napi::Float64Array array = Napi::Float64Array::New(env, numbers.size());
          std::copy(numbers.begin(), numbers.end(), array.Data());
          result.Set(c, array);
        }
        return result;
      });
}

// What both kernels below take: source, target, width, height, diagonal, and one limit or two of one number per class.
struct ComponentArgs {
  LabelScan scan;
  int64_t width = 0;
  bool diagonal = false;
  std::vector<PlanePair> pairs;
  std::vector<Napi::Object> keep;
  std::vector<std::vector<double>> limits;

  ComponentArgs(const Napi::CallbackInfo& info, size_t limitCount) {
    width = SideArg(info, 2, "width");
    const int64_t height = SideArg(info, 3, "height");
    const PlanePairs planes = PlanePairsArg(info, 0, "source", width * height, 1, "target", width * height);
    pairs = planes.data;
    keep = planes.KeptWith({info[1].As<Napi::Object>()});
    diagonal = BooleanArg(info, 4, "diagonal");
    size_t classes = 0;
    for (size_t i = 0; i < limitCount; i++) {
      const auto limit = SpanArg<double>(info, 5 + i, "limits", i == 0 ? kAnyLength : static_cast<int64_t>(classes));
      classes = limit.length;
      limits.emplace_back(limit.data, limit.data + limit.length);
    }
    if (classes > pairs.size() * 32) FailRange(info, "limits", "class without a plane");
    scan = {{}, static_cast<size_t>(width), static_cast<size_t>(height), classes, false};
    for (const PlanePair& pair : pairs) scan.planes.push_back(pair.target);
  }

  // Copies the planes, finds the runs of the copy, and calls `change` for each class.
  template <typename Change>
  void ForEachClass(const Change& change) const {
    const size_t bytes = scan.width * scan.height * sizeof(uint32_t);
    for (const PlanePair& pair : pairs) std::memcpy(pair.target, pair.source, bytes);
    const std::vector<Boundaries> runs = scan.FindRuns();
    for (size_t c = 0; c < runs.size(); c++) change(pairs[c / 32].target, c, RowSegments(runs[c], width));
  }
};

// keepComponents(source, target, width, height, diagonal, largest, minArea)
Napi::Value KeepComponentsKernel(const Napi::CallbackInfo& info) {
  const ComponentArgs args(info, 2);
  return AsyncKernel::Run(info, args.keep, [=] {
    args.ForEachClass([&](uint32_t* plane, size_t c, std::vector<Segment> segments) {
      KeepComponents(plane, args.width, Components(std::move(segments), args.diagonal), 1u << (c % 32),
                     args.limits[0][c], args.limits[1][c]);
    });
  });
}

// fillHoles(source, target, width, height, diagonal, maxArea): `diagonal` is how the background is connected.
Napi::Value FillHolesKernel(const Napi::CallbackInfo& info) {
  const ComponentArgs args(info, 1);
  return AsyncKernel::Run(info, args.keep, [=] {
    args.ForEachClass([&](uint32_t* plane, size_t c, const std::vector<Segment>& segments) {
      FillHoles(plane, args.width, Components(Background(segments, args.width), args.diagonal), 1u << (c % 32),
                args.limits[0][c]);
    });
  });
}

}  // namespace

void RegisterComponents(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "labelComponents", LabelComponents);
  Export(env, exports, "keepComponents", KeepComponentsKernel);
  Export(env, exports, "fillHoles", FillHolesKernel);
}

}  // namespace phalanx
