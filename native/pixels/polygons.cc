// Polygon filling with the pixels of OpenCV's fillPoly (8-connected, shift 0): the outline by Bresenham's lines, the
// inside by even-odd scan lines over 16.16 fixed-point edges. Source: modules/imgproc/src/drawing.cpp of OpenCV 5.0,
// functions clipLine, Line, CollectPolyEdges and FillEdgeCollection. Unlike there, rows above the image are skipped in
// one step, so far-away points cost nothing.
#include "kernel.h"

#include <algorithm>
#include <cstring>

namespace phalanx {
namespace {

constexpr int kShift = 16;

struct Point {
  int64_t x, y;
};

struct Edge {
  int64_t y0, y1;  // rows [y0, y1)
  int64_t x, dx;   // 16.16 fixed point: position in row y0, step per row
};

struct Canvas {
  uint32_t* pixels;
  int64_t width, height;
  uint32_t bit;

  void Span(int64_t y, int64_t x1, int64_t x2) const {
    uint32_t* row = pixels + y * width;
    for (int64_t x = x1; x <= x2; x++) row[x] |= bit;
  }
};

bool ClipLine(int64_t width, int64_t height, Point& p, Point& q) {
  const int64_t right = width - 1, bottom = height - 1;
  const auto side = [&](const Point& r) { return (r.x < 0) + (r.x > right) * 2; };
  int c1 = side(p) + (p.y < 0) * 4 + (p.y > bottom) * 8;
  int c2 = side(q) + (q.y < 0) * 4 + (q.y > bottom) * 8;
  if ((c1 & c2) == 0 && (c1 | c2) != 0) {
    if (c1 & 12) {
      const int64_t a = c1 < 8 ? 0 : bottom;
      p.x += (a - p.y) * (q.x - p.x) / (q.y - p.y);
      p.y = a;
      c1 = side(p);
    }
    if (c2 & 12) {
      const int64_t a = c2 < 8 ? 0 : bottom;
      q.x += (a - q.y) * (q.x - p.x) / (q.y - p.y);
      q.y = a;
      c2 = side(q);
    }
    if ((c1 & c2) == 0 && (c1 | c2) != 0) {
      if (c1) {
        const int64_t a = c1 == 1 ? 0 : right;
        p.y += (a - p.x) * (q.y - p.y) / (q.x - p.x);
        p.x = a;
        c1 = 0;
      }
      if (c2) {
        const int64_t a = c2 == 1 ? 0 : right;
        q.y += (a - q.x) * (q.y - p.y) / (q.x - p.x);
        q.x = a;
        c2 = 0;
      }
    }
  }
  return (c1 | c2) == 0;
}

void DrawLine(const Canvas& canvas, Point p, Point q) {
  if (!ClipLine(canvas.width, canvas.height, p, q)) return;
  if (p.x > q.x) std::swap(p, q);
  int64_t along = q.x - p.x;
  int64_t across = std::abs(q.y - p.y);
  const int64_t stride = q.y < p.y ? -canvas.width : canvas.width;
  int64_t step = 1, sideStep = stride;
  if (across > along) {
    std::swap(along, across);
    std::swap(step, sideStep);
  }
  uint32_t* pixel = canvas.pixels + p.y * canvas.width + p.x;
  int64_t error = along - 2 * across;
  for (int64_t i = 0; i <= along; i++) {
    *pixel |= canvas.bit;
    const bool aside = error < 0;
    error += (aside ? 2 * along : 0) - 2 * across;
    // The last step may leave the image, so it is not taken.
    if (i < along) pixel += step + (aside ? sideStep : 0);
  }
}

// Draws the outline and collects the edges that bound the inside.
std::vector<Edge> Outline(const Canvas& canvas, const int32_t* points, int64_t count) {
  std::vector<Edge> edges;
  edges.reserve(count);
  for (int64_t i = 0; i < count; i++) {
    const int64_t before = i == 0 ? count - 1 : i - 1;
    const Point p{points[2 * before], points[2 * before + 1]};
    const Point q{points[2 * i], points[2 * i + 1]};
    DrawLine(canvas, p, q);
    Point clippedP = p, clippedQ = q;
    ClipLine(canvas.width, canvas.height, clippedP, clippedQ);
    if (p.y == q.y) continue;
    // Multiplied: shifting a negative number to the left is undefined.
    const int64_t x0 = clippedP.x * (int64_t{1} << kShift), x1 = clippedQ.x * (int64_t{1} << kShift);
    if (clippedP.y == clippedQ.y) {
      clippedP.y = p.y;
      clippedQ.y = q.y;
    }
    const int64_t dx = (x1 - x0) / (clippedQ.y - clippedP.y);
    if (p.y < q.y) {
      edges.push_back({p.y, q.y, x0 + (p.y - clippedP.y) * dx, dx});
    } else {
      edges.push_back({q.y, p.y, x1 + (q.y - clippedQ.y) * dx, dx});
    }
  }
  return edges;
}

void FillInside(const Canvas& canvas, std::vector<Edge>& edges) {
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.y0 < b.y0; });
  int64_t last = 0;
  for (const Edge& edge : edges) last = std::max(last, edge.y1);
  last = std::min(last, canvas.height);
  std::vector<Edge> active;
  size_t next = 0;
  const int64_t first = edges.empty() ? last : std::max<int64_t>(0, edges.front().y0);
  for (int64_t y = first; y < last; y++) {
    active.erase(std::remove_if(active.begin(), active.end(), [y](const Edge& edge) { return edge.y1 <= y; }),
                 active.end());
    for (; next < edges.size() && edges[next].y0 <= y; next++) {
      Edge edge = edges[next];
      if (edge.y1 <= y) continue;
      edge.x += (y - edge.y0) * edge.dx;
      active.push_back(edge);
    }
    if (active.size() > 64) {
      std::sort(active.begin(), active.end(), [](const Edge& a, const Edge& b) { return a.x < b.x; });
    } else {
      // Insertion sort: from one row to the next almost nothing changes places.
      for (size_t i = 1; i < active.size(); i++) {
        for (size_t j = i; j > 0 && active[j - 1].x > active[j].x; j--) std::swap(active[j - 1], active[j]);
      }
    }
    for (size_t i = 0; i + 1 < active.size(); i += 2) {
      const int64_t x1 = (active[i].x + (1 << kShift) - 1) >> kShift;
      const int64_t x2 = active[i + 1].x >> kShift;
      if (x1 < canvas.width && x2 >= 0) {
        canvas.Span(y, std::max<int64_t>(x1, 0), std::min(x2, canvas.width - 1));
      }
    }
    for (Edge& edge : active) edge.x += edge.dx;
  }
}

// fillPolygons(planes, width, height, points, counts, classIndices): clears the planes and ORs polygon k, the next
// counts[k] points of `points` (x, y pairs), into bit classIndices[k]. Resolves with `planes`.
Napi::Value FillPolygons(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width");
  const int64_t height = SideArg(info, 2, "height");
  const Planes planes = PlanesArg(info, 0, "planes", width * height);
  const auto points = SpanArg<int32_t>(info, 3, "points");
  const auto counts = SpanArg<uint32_t>(info, 4, "counts");
  const auto classIndices = SpanArg<uint32_t>(info, 5, "classIndices", static_cast<int64_t>(counts.length));
  uint64_t total = 0;
  for (size_t k = 0; k < counts.length; k++) {
    total += counts[k];
    if (classIndices[k] >= planes.data.size() * 32) FailRange(info, "classIndices", "class without a plane");
  }
  if (2 * total != points.length) FailRange(info, "points", "expected two numbers per point of `counts`");
  for (size_t i = 0; i < points.length; i++) {
    if (points[i] < -kMaxSide || points[i] > kMaxSide) FailRange(info, "points", "coordinate too large");
  }
  std::vector<Napi::Object> keep{info[0].As<Napi::Object>(), points.owner, counts.owner, classIndices.owner};
  keep.insert(keep.end(), planes.owners.begin(), planes.owners.end());
  const std::vector<uint32_t*> data = planes.data;
  const int32_t* next = points.data;
  const uint32_t* count = counts.data;
  const uint32_t* classIndex = classIndices.data;
  const size_t polygons = counts.length;
  return AsyncKernel::Run(info, keep, [=]() {
    for (uint32_t* plane : data) std::memset(plane, 0, static_cast<size_t>(width * height) * sizeof(uint32_t));
    const int32_t* polygon = next;
    for (size_t k = 0; k < polygons; k++) {
      const Canvas canvas{data[classIndex[k] / 32], width, height, 1u << (classIndex[k] % 32)};
      std::vector<Edge> edges = Outline(canvas, polygon, count[k]);
      FillInside(canvas, edges);
      polygon += 2 * static_cast<size_t>(count[k]);
    }
  });
}

}  // namespace

void RegisterPolygons(Napi::Env env, Napi::Object exports) { Export(env, exports, "fillPolygons", FillPolygons); }

}  // namespace phalanx
