// What is wrong with a prediction, pixel by pixel: a picture of it, counts, and how far from a border it happens.
#include "kernel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace phalanx {
namespace {

// Distances are told apart up to this many pixels; beyond it they are one bin.
constexpr int64_t kFarthest = 64;
constexpr size_t kBins = kFarthest + 2;
// Red, yellow, green; `missing` and `wrong` say which one a pixel gets.
enum Kind : size_t { kConfused, kMissed, kExtra, kKinds };
constexpr std::array<std::array<uint8_t, 3>, kKinds> kColours{{{239, 68, 68}, {250, 204, 21}, {52, 199, 89}}};

struct Picture {
  const uint8_t* pixels;
  size_t channels;
};

struct Tally {
  double* counts;     // confused, missed, extra, labelled
  double* confusion;  // [classes + 1, classes + 1]
  double* confused;   // [classes]
  double* distances;  // [kKinds, kBins]
};

// For every pixel, how many rows away the nearest pixel of its column is that touches another label; at most
// kFarthest + 1.
std::vector<uint8_t> RowsToBorder(const std::vector<uint32_t*>& planes, size_t width, size_t height) {
  std::vector<uint8_t> rows(width * height, kFarthest + 1);
  for (const uint32_t* plane : planes) {
    for (size_t y = 0; y < height; y++) {
      const uint32_t* row = plane + y * width;
      uint8_t* near = rows.data() + y * width;
      for (size_t x = 1; x < width; x++) {
        if (row[x] != row[x - 1]) near[x] = near[x - 1] = 0;
      }
      if (y == 0) continue;
      for (size_t x = 0; x < width; x++) {
        if (row[x] != row[x - width]) near[x] = near[x - width] = 0;
      }
    }
  }
  const auto spread = [&](size_t to, size_t from) {
    for (size_t x = 0; x < width; x++) {
      const auto further = static_cast<uint8_t>(std::min<int64_t>(rows[from + x] + 1, kFarthest + 1));
      rows[to + x] = std::min(rows[to + x], further);
    }
  };
  for (size_t y = 1; y < height; y++) spread(y * width, (y - 1) * width);
  for (size_t y = height - 1; y > 0; y--) spread((y - 1) * width, y * width);
  return rows;
}

// The bin of a pixel's distance to the nearest border: rounded up, in pixels.
size_t DistanceBin(const uint8_t* rows, int64_t x, int64_t width) {
  const auto squared = [&](int64_t column) { return static_cast<int64_t>(rows[column]) * rows[column]; };
  int64_t best = squared(x);
  for (int64_t k = 1; k <= kFarthest && k * k < best; k++) {
    if (x >= k) best = std::min(best, k * k + squared(x - k));
    if (x + k < width) best = std::min(best, k * k + squared(x + k));
  }
  if (best > kFarthest * kFarthest) return kFarthest + 1;
  return static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(best))));
}

void ListBits(std::vector<size_t>& list, uint32_t bits, size_t plane) {
  for (uint32_t rest = bits; rest != 0; rest &= rest - 1) list.push_back(plane * 32 + __builtin_ctz(rest));
}

void MapErrors(const std::vector<uint32_t*>& truth, const std::vector<uint32_t*>& predicted, size_t width,
               size_t height, size_t classes, const Picture& picture, uint8_t* target, const Tally& tally) {
  const std::vector<uint8_t> rows = RowsToBorder(truth, width, height);
  const size_t second = picture.channels == 1 ? 0 : 1, third = picture.channels == 1 ? 0 : 2;
  std::array<uint8_t, 256> dark{};
  for (size_t value = 0; value < dark.size(); value++) dark[value] = static_cast<uint8_t>(value * 0.62);
  std::vector<size_t> missing, wrong;
  for (size_t i = 0; i < width * height; i++) {
    uint32_t any = 0, different = 0;
    for (size_t p = 0; p < truth.size(); p++) {
      any |= truth[p][i] | predicted[p][i];
      different |= truth[p][i] ^ predicted[p][i];
    }
    if (any != 0) tally.counts[kKinds]++;
    uint8_t* to = target + 3 * i;
    if (different == 0) {
      const uint8_t* from = picture.pixels + i * picture.channels;
      to[0] = dark[from[0]];
      to[1] = dark[from[second]];
      to[2] = dark[from[third]];
      continue;
    }
    missing.clear();
    wrong.clear();
    for (size_t p = 0; p < truth.size(); p++) {
      ListBits(missing, truth[p][i] & ~predicted[p][i], p);
      ListBits(wrong, predicted[p][i] & ~truth[p][i], p);
    }
    const Kind kind = missing.empty() ? kExtra : wrong.empty() ? kMissed : kConfused;
    std::copy(kColours[kind].begin(), kColours[kind].end(), to);
    tally.counts[kind]++;
    const size_t row = i / width;
    tally.distances[kind * kBins + DistanceBin(rows.data() + row * width, static_cast<int64_t>(i % width),
                                               static_cast<int64_t>(width))]++;
    if (kind == kConfused) {
      for (const size_t c : missing) tally.confused[c]++;
    }
    // The class after the last one is none.
    if (missing.empty()) missing.push_back(classes);
    if (wrong.empty()) wrong.push_back(classes);
    for (const size_t c : missing) {
      for (const size_t d : wrong) tally.confusion[c * (classes + 1) + d]++;
    }
  }
}

// errorMap(truth, predicted, width, height, classes, image, channels, target, counts, confusion, confused, distances):
// resolves with target, [height, width, 3].
Napi::Value ErrorMap(const Napi::CallbackInfo& info) {
  const auto width = SideArg(info, 2, "width"), height = SideArg(info, 3, "height");
  const int64_t pixels = width * height;
  const Planes truth = PlanesArg(info, 0, "truth", pixels), predicted = PlanesArg(info, 1, "predicted", pixels);
  if (predicted.data.size() != truth.data.size()) FailRange(info, "predicted", "expected as many planes as truth has");
  const auto classes = IntegerArg(info, 4, "classes", 1, static_cast<int64_t>(truth.data.size()) * 32);
  // A pixel can have no class that the confusion has no place for.
  for (const Planes* labels : {&truth, &predicted}) {
    if ((classes + 31) / 32 != static_cast<int64_t>(labels->data.size())) FailRange(info, "classes", "other planes");
  }
  const auto channels = IntegerArg(info, 6, "channels", 1, 4);
  if (channels == 2) FailRange(info, "channels", "expected 1, 3 or 4");
  const auto image = SpanArg<uint8_t>(info, 5, "image", pixels * channels);
  const auto target = SpanArg<uint8_t>(info, 7, "target", pixels * 3);
  const auto counts = SpanArg<double>(info, 8, "counts", kKinds + 1);
  const auto confusion = SpanArg<double>(info, 9, "confusion", (classes + 1) * (classes + 1));
  const auto confused = SpanArg<double>(info, 10, "confused", classes);
  const auto distances = SpanArg<double>(info, 11, "distances", kKinds * kBins);
  std::vector<Napi::Object> keep{target.owner, image.owner, counts.owner, confusion.owner, confused.owner,
                                 distances.owner};
  for (const Planes* labels : {&truth, &predicted}) {
    keep.insert(keep.end(), labels->owners.begin(), labels->owners.end());
  }
  const Picture picture{image.data, static_cast<size_t>(channels)};
  const Tally tally{counts.data, confusion.data, confused.data, distances.data};
  const uint32_t unused = classes % 32 == 0 ? 0 : ~uint32_t{0} << (classes % 32);
  return AsyncKernel::Run(info, keep, [=, a = truth.data, b = predicted.data, to = target.data]() {
    for (const uint32_t* plane : {a.back(), b.back()}) {
      for (int64_t i = 0; i < pixels; i++) {
        if (plane[i] & unused) throw std::range_error("pixels.errorMap: a pixel has a class beyond the last");
      }
    }
    MapErrors(a, b, width, height, classes, picture, to, tally);
  });
}

}  // namespace

void RegisterErrorMap(Napi::Env env, Napi::Object exports) { Export(env, exports, "errorMap", ErrorMap); }

}  // namespace phalanx
