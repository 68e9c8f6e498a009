// Resizing of 8-bit images with the pixels of OpenCV's resize (modules/imgproc/src/resize.cpp of OpenCV 5.0): INTER_AREA
// by whole-number and fractional factors, INTER_LINEAR in 11-bit fixed point, INTER_NEAREST; and of label planes, nearest.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>
#include <cstring>

namespace phalanx {
namespace {

struct Job {
  const uint8_t* source;
  int64_t sourceWidth, sourceHeight;
  uint8_t* target;
  int64_t width, height, channels;

  const uint8_t* SourceRow(int64_t y) const { return source + y * sourceWidth * channels; }
  uint8_t* Row(int64_t y) const { return target + y * width * channels; }
};

// Source pixels per target pixel, rounded as OpenCV rounds it.
double Scale(int64_t sourceLength, int64_t length) {
  return 1.0 / (static_cast<double>(length) / static_cast<double>(sourceLength));
}

bool IsWhole(double scale) { return std::abs(scale - std::rint(scale)) < 2.220446049250313e-16; }

// What a target position reads along one axis.
std::vector<int64_t> NearestIndices(int64_t sourceLength, int64_t length) {
  const double scale = Scale(sourceLength, length);
  std::vector<int64_t> indices(length);
  for (int64_t i = 0; i < length; i++) {
    indices[i] = std::min(static_cast<int64_t>(std::floor(static_cast<double>(i) * scale)), sourceLength - 1);
  }
  return indices;
}

template <size_t kChannels>
struct Pixel {
  uint8_t channels[kChannels];
};

template <typename T>
void Nearest(const T* source, int64_t sourceWidth, T* target, const std::vector<int64_t>& columns,
             const std::vector<int64_t>& rows) {
  for (const int64_t row : rows) {
    const T* from = source + row * sourceWidth;
    for (const int64_t column : columns) *target++ = from[column];
  }
}

template <size_t kChannels>
void NearestPixels(const Job& job) {
  Nearest(reinterpret_cast<const Pixel<kChannels>*>(job.source), job.sourceWidth,
          reinterpret_cast<Pixel<kChannels>*>(job.target), NearestIndices(job.sourceWidth, job.width),
          NearestIndices(job.sourceHeight, job.height));
}

void Nearest(const Job& job) {
  if (job.channels == 1) return NearestPixels<1>(job);
  if (job.channels == 3) return NearestPixels<3>(job);
  if (job.channels == 4) return NearestPixels<4>(job);
  const auto channels = static_cast<size_t>(job.channels);
  const auto columns = NearestIndices(job.sourceWidth, job.width);
  uint8_t* to = job.target;
  for (const int64_t row : NearestIndices(job.sourceHeight, job.height)) {
    const uint8_t* from = job.SourceRow(row);
    for (const int64_t column : columns) {
      std::memcpy(to, from + column * job.channels, channels);
      to += channels;
    }
  }
}

VECTORIZED void AddRow(const uint8_t* row, uint32_t* sums, int64_t length) {
  for (int64_t i = 0; i < length; i++) sums[i] += row[i];
}

// Means of blocks of whole pixels.
void WholeArea(const Job& job, int64_t scaleX, int64_t scaleY) {
  const int64_t channels = job.channels, rowLength = job.sourceWidth * channels;
  const float share = 1.0f / static_cast<float>(scaleX * scaleY);
  const bool byTwo = scaleX == 2 && scaleY == 2;
  std::vector<uint32_t> sums(rowLength);
  for (int64_t y = 0; y < job.height; y++) {
    std::fill(sums.begin(), sums.end(), 0);
    for (int64_t i = 0; i < scaleY; i++) AddRow(job.SourceRow(y * scaleY + i), sums.data(), rowLength);
    uint8_t* to = job.Row(y);
    for (int64_t x = 0; x < job.width; x++) {
      for (int64_t c = 0; c < channels; c++) {
        const uint32_t* block = sums.data() + x * scaleX * channels + c;
        uint32_t sum = 0;
        for (int64_t i = 0; i < scaleX; i++) sum += block[i * channels];
        *to++ = byTwo ? static_cast<uint8_t>((sum + 2) >> 2) : Saturate(static_cast<float>(sum) * share);
      }
    }
  }
}

// One source position's share in one target position.
struct Share {
  int64_t target, source;
  float weight;
};

std::vector<Share> AreaShares(int64_t sourceLength, int64_t length, double scale) {
  std::vector<Share> shares;
  for (int64_t i = 0; i < length; i++) {
    const double start = static_cast<double>(i) * scale, end = start + scale;
    const double cell = std::min(scale, static_cast<double>(sourceLength) - start);
    auto first = static_cast<int64_t>(std::ceil(start));
    const int64_t last = std::min(static_cast<int64_t>(std::floor(end)), sourceLength - 1);
    first = std::min(first, last);
    if (static_cast<double>(first) - start > 1e-3) {
      shares.push_back({i, first - 1, static_cast<float>((static_cast<double>(first) - start) / cell)});
    }
    for (int64_t j = first; j < last; j++) shares.push_back({i, j, static_cast<float>(1.0 / cell)});
    const double rest = end - static_cast<double>(last);
    if (rest > 1e-3) {
      shares.push_back({i, last, static_cast<float>(std::min(std::min(rest, 1.0), cell) / cell)});
    }
  }
  return shares;
}

template <int64_t kChannels>
void SumShares(const uint8_t* row, const std::vector<Share>& shares, int64_t, float* to) {
  const Share *share = shares.data(), *const end = share + shares.size();
  while (share < end) {
    const int64_t target = share->target;
    float sums[kChannels] = {};
    for (; share < end && share->target == target; share++) {
      const uint8_t* pixel = row + share->source * kChannels;
      for (int64_t c = 0; c < kChannels; c++) sums[c] += static_cast<float>(pixel[c]) * share->weight;
    }
    for (int64_t c = 0; c < kChannels; c++) to[target * kChannels + c] = sums[c];
  }
}

// The same sums in the same order, of any number of channels.
template <>
void SumShares<0>(const uint8_t* row, const std::vector<Share>& shares, int64_t channels, float* to) {
  for (size_t i = 0; i < shares.size();) {
    const int64_t target = shares[i].target;
    float* const sums = to + target * channels;
    std::fill(sums, sums + channels, 0.0f);
    for (; i < shares.size() && shares[i].target == target; i++) {
      const uint8_t* pixel = row + shares[i].source * channels;
      const float weight = shares[i].weight;
      for (int64_t c = 0; c < channels; c++) sums[c] += static_cast<float>(pixel[c]) * weight;
    }
  }
}

// Means of blocks with fractions of pixels at their borders.
void FractionalArea(const Job& job, double scaleX, double scaleY) {
  const std::vector<Share> columns = AreaShares(job.sourceWidth, job.width, scaleX);
  const std::vector<Share> rows = AreaShares(job.sourceHeight, job.height, scaleY);
  const int64_t length = job.width * job.channels;
  const auto sumShares = job.channels == 1   ? SumShares<1>
                         : job.channels == 3 ? SumShares<3>
                         : job.channels == 4 ? SumShares<4>
                                             : SumShares<0>;
  std::vector<float> across(length), sums(length, 0.0f);
  for (size_t i = 0; i < rows.size(); i++) {
    const uint8_t* row = job.SourceRow(rows[i].source);
    sumShares(row, columns, job.channels, across.data());
    for (int64_t x = 0; x < length; x++) sums[x] += rows[i].weight * across[x];
    if (i + 1 == rows.size() || rows[i + 1].target != rows[i].target) {
      uint8_t* to = job.Row(rows[i].target);
      for (int64_t x = 0; x < length; x++) to[x] = Saturate(sums[x]);
      std::fill(sums.begin(), sums.end(), 0.0f);
    }
  }
}

// Position of a target pixel between two source pixels, weights in 11-bit fixed point.
struct Tap {
  int64_t low, high;
  int32_t lowWeight, highWeight;
};

// `asArea`: INTER_AREA when an axis grows. `stopAtEdges`: along rows the outermost pixel gets the whole weight; down
// columns OpenCV repeats the row instead, which rounds differently.
std::vector<Tap> LinearTaps(int64_t sourceLength, int64_t length, bool asArea, bool stopAtEdges) {
  const double inverse = static_cast<double>(length) / static_cast<double>(sourceLength);
  const double scale = 1.0 / inverse;
  std::vector<Tap> taps;
  for (int64_t i = 0; i < length; i++) {
    int64_t index;
    float fraction;
    if (asArea) {
      index = static_cast<int64_t>(std::floor(static_cast<double>(i) * scale));
      fraction = static_cast<float>(static_cast<double>(i + 1) - static_cast<double>(index + 1) * inverse);
      fraction = fraction <= 0 ? 0.0f : fraction - std::floor(fraction);
    } else {
      fraction = static_cast<float>((static_cast<double>(i) + 0.5) * scale - 0.5);
      index = static_cast<int64_t>(std::floor(fraction));
      fraction -= static_cast<float>(index);
    }
    if (stopAtEdges && index < 0) {
      index = 0;
      fraction = 0;
    }
    if (stopAtEdges && index >= sourceLength - 1) {
      index = sourceLength - 1;
      fraction = 0;
    }
    const auto clip = [&](int64_t j) { return std::min(std::max<int64_t>(j, 0), sourceLength - 1); };
    const auto weight = [](float w) { return static_cast<int32_t>(std::rint(w * 2048.0f)); };
    taps.push_back({clip(index), clip(index + 1), weight(1.0f - fraction), weight(fraction)});
  }
  return taps;
}

void LinearRow(const uint8_t* row, const std::vector<Tap>& columns, int64_t channels, int32_t* to) {
  for (const Tap& tap : columns) {
    const uint8_t* low = row + tap.low * channels;
    const uint8_t* high = row + tap.high * channels;
    for (int64_t c = 0; c < channels; c++) *to++ = low[c] * tap.lowWeight + high[c] * tap.highWeight;
  }
}

VECTORIZED void MixRows(const int32_t* low, const int32_t* high, int32_t lowWeight, int32_t highWeight, uint8_t* to,
                        int64_t length) {
  for (int64_t x = 0; x < length; x++) {
    const int32_t sum = (((low[x] >> 4) * lowWeight) >> 16) + (((high[x] >> 4) * highWeight) >> 16);
    to[x] = static_cast<uint8_t>((sum + 2) >> 2);
  }
}

void Linear(const Job& job, bool asArea) {
  const std::vector<Tap> columns = LinearTaps(job.sourceWidth, job.width, asArea, true);
  const std::vector<Tap> rows = LinearTaps(job.sourceHeight, job.height, asArea, false);
  const int64_t length = job.width * job.channels;
  std::vector<int32_t> buffers[2] = {std::vector<int32_t>(length), std::vector<int32_t>(length)};
  int64_t held[2] = {-1, -1};
  for (int64_t y = 0; y < job.height; y++) {
    const int64_t wanted[2] = {rows[y].low, rows[y].high};
    // Going down, the next row's upper neighbour is often this row's lower one.
    if (held[1] == wanted[0]) {
      std::swap(buffers[0], buffers[1]);
      std::swap(held[0], held[1]);
    }
    for (int k = 0; k < 2; k++) {
      if (held[k] != wanted[k]) LinearRow(job.SourceRow(wanted[k]), columns, job.channels, buffers[k].data());
      held[k] = wanted[k];
    }
    MixRows(buffers[0].data(), buffers[1].data(), rows[y].lowWeight, rows[y].highWeight, job.Row(y), length);
  }
}

enum class Method { kArea, kLinear, kNearest };

void Resize(const Job& job, Method method) {
  if (job.width == job.sourceWidth && job.height == job.sourceHeight) {
    std::memcpy(job.target, job.source, job.width * job.height * job.channels);
    return;
  }
  if (method == Method::kNearest) return Nearest(job);
  const double scaleX = Scale(job.sourceWidth, job.width), scaleY = Scale(job.sourceHeight, job.height);
  const bool whole = IsWhole(scaleX) && IsWhole(scaleY);
  const auto wholeX = static_cast<int64_t>(std::rint(scaleX)), wholeY = static_cast<int64_t>(std::rint(scaleY));
  // OpenCV takes the mean for INTER_LINEAR too when both sides are halved.
  const bool halved = whole && wholeX == 2 && wholeY == 2;
  if (method == Method::kLinear && !halved) return Linear(job, false);
  if (scaleX < 1 || scaleY < 1) return Linear(job, true);
  if (whole) return WholeArea(job, wholeX, wholeY);
  FractionalArea(job, scaleX, scaleY);
}

// resizeImage(source, sourceWidth, sourceHeight, channels, target, width, height, method)
Napi::Value ResizeImage(const Napi::CallbackInfo& info) {
  Job job;
  job.sourceWidth = SideArg(info, 1, "sourceWidth");
  job.sourceHeight = SideArg(info, 2, "sourceHeight");
  job.channels = IntegerArg(info, 3, "channels", 1, kMaxChannels);
  job.width = SideArg(info, 5, "width");
  job.height = SideArg(info, 6, "height");
  const auto source = SpanArg<uint8_t>(info, 0, "source", job.sourceWidth * job.sourceHeight * job.channels);
  const auto target = SpanArg<uint8_t>(info, 4, "target", job.width * job.height * job.channels);
  job.source = source.data;
  job.target = target.data;
  const std::string name = StringArg(info, 7, "method");
  if (name != "area" && name != "linear" && name != "nearest") FailRange(info, "method", "unknown method " + name);
  const Method method = name == "area" ? Method::kArea : name == "linear" ? Method::kLinear : Method::kNearest;
  return AsyncKernel::Run(info, {target.owner, source.owner}, [job, method]() { Resize(job, method); });
}

// resizePlanes(source, sourceWidth, sourceHeight, target, width, height)
Napi::Value ResizePlanes(const Napi::CallbackInfo& info) {
  const int64_t sourceWidth = SideArg(info, 1, "sourceWidth"), sourceHeight = SideArg(info, 2, "sourceHeight");
  const int64_t width = SideArg(info, 4, "width"), height = SideArg(info, 5, "height");
  const PlanePairs planes = PlanePairsArg(info, 0, "source", sourceWidth * sourceHeight, 3, "target", width * height);
  return AsyncKernel::Run(info, planes.KeptWith({info[3].As<Napi::Object>()}), [=, pairs = planes.data] {
    const auto columns = NearestIndices(sourceWidth, width), rows = NearestIndices(sourceHeight, height);
    for (const PlanePair& plane : pairs) Nearest(plane.source, sourceWidth, plane.target, columns, rows);
  });
}

}  // namespace

void RegisterResize(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "resizeImage", ResizeImage);
  Export(env, exports, "resizePlanes", ResizePlanes);
}

}  // namespace phalanx
