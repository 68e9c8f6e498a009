// Maps of elastic deformations: smoothed noise added to the coordinates of every pixel.
//
// A wide Gaussian, and what it smooths, are cubics to a few parts in 100,000 between places some pixels apart.
#include "convolve.h"
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>

namespace phalanx {
namespace {

// A value of the table for every place, chosen by a hash of the seed and the place.
VECTORIZED void FillNoise(float* __restrict target, int64_t count, uint32_t seed, const float* __restrict table) {
  for (int64_t i = 0; i < count; i++) {
    uint32_t h = static_cast<uint32_t>(i) * 0x9e3779b9u + seed;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    h ^= h >> 16;
    target[i] = table[h >> 16];
  }
}

// noiseField(seed, table[65536], target)
Napi::Value NoiseField(const Napi::CallbackInfo& info) {
  const auto seed = static_cast<uint32_t>(IntegerArg(info, 0, "seed", 0, 0xffffffff));
  const auto table = SpanArg<float>(info, 1, "table", 65536);
  const auto target = SpanArg<float>(info, 2, "target");
  return AsyncKernel::Run(info, {target.owner, table.owner},
                          [=, t = table.data, o = target.data, n = target.length] {
                            FillNoise(o, static_cast<int64_t>(n), seed, t);
                          });
}

// Places `stride` pixels apart on one side of the noise, and cubics between them: four neighbours weigh at every pixel.
struct Grid {
  int64_t stride;
  std::vector<float> weights[4];

  explicit Grid(int64_t step) : stride(step) {
    for (int64_t i = 0; i < stride; i++) {
      const double t = static_cast<double>(i) / static_cast<double>(stride);
      weights[0].push_back(static_cast<float>(-t * (t - 1) * (t - 2) / 6));
      weights[1].push_back(static_cast<float>((t + 1) * (t - 1) * (t - 2) / 2));
      weights[2].push_back(static_cast<float>(-(t + 1) * t * (t - 2) / 2));
      weights[3].push_back(static_cast<float>((t + 1) * t * (t - 1) / 6));
    }
  }
};

// out += weight * row
VECTORIZED void Accumulate(const float* __restrict row, float weight, float* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; i++) out[i] += weight * row[i];
}

// Every value of a row given to its four neighbours among the places, by their weights there.
VECTORIZED void Gather(const Grid& grid, const float* row, int64_t places, float* out) {
  const int64_t stride = grid.stride;
  for (int t = 0; t < 4; t++) {
    const float* weights = grid.weights[t].data();
    for (int64_t i = 0; i + 3 < places; i++) {
      const float* from = row + i * stride;
      float sum = 0;
      for (int64_t p = 0; p < stride; p++) sum += from[p] * weights[p];
      out[i + t] += sum;
    }
  }
}

VECTORIZED void Mix(const float* __restrict a, const float* __restrict b, const float* __restrict c,
                    const float* __restrict d, const float* weights, float* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    out[i] = (a[i] * weights[0] + b[i] * weights[1]) + (c[i] * weights[2] + d[i] * weights[3]);
  }
}

// Cubics through the values at places before the first pixel and from it on.
VECTORIZED void Expand(const Grid& grid, const float* values, float* __restrict out, int64_t length) {
  const float *wa = grid.weights[0].data(), *wb = grid.weights[1].data();
  const float *wc = grid.weights[2].data(), *wd = grid.weights[3].data();
  for (int64_t start = 0, j = 0; start < length; start += grid.stride, j++) {
    const int64_t count = std::min(grid.stride, length - start);
    const float a = values[j], b = values[j + 1], c = values[j + 2], d = values[j + 3];
    float* to = out + start;
    for (int64_t i = 0; i < count; i++) to[i] = (a * wa[i] + b * wb[i]) + (c * wc[i] + d * wd[i]);
  }
}

VECTORIZED void AddShifts(const float* __restrict shifts, float alpha, float start, float step, float* __restrict out,
                          int64_t count) {
  for (int64_t x = 0; x < count; x++) out[x] = start + step * static_cast<float>(x) + alpha * shifts[x];
}

int64_t WholeVectors(int64_t count) { return (count + 31) / 32 * 32; }

// Noise of one or two maps, one below the other, and smoothed as one image; beyond its edges it repeats them.
struct Field {
  const float* noise;
  int64_t width, height, fields, stride;
  // Odd and symmetric.
  std::vector<float> kernel;
  float alpha;

  int64_t Rows() const { return fields * height; }
  int64_t Radius() const { return static_cast<int64_t>(kernel.size()) / 2; }

  // Smoothed noise at every pixel, by the whole kernel.
  std::vector<float> Smooth() const {
    const int64_t radius = Radius(), pitch = WholeVectors(width);
    std::vector<float> row(static_cast<size_t>(width + 2 * radius)), along(static_cast<size_t>(pitch * Rows()));
    for (int64_t y = 0; y < Rows(); y++) {
      const float* from = noise + y * width;
      std::fill(row.begin(), row.begin() + radius, from[0]);
      std::copy(from, from + width, row.begin() + radius);
      std::fill(row.begin() + radius + width, row.end(), from[width - 1]);
      ConvolveAlong(row.data(), kernel.data(), 2 * radius + 1, 1, along.data() + y * pitch, width);
    }
    std::vector<float> out(along.size());
    std::vector<const float*> window(kernel.size());
    for (int64_t y = 0; y < Rows(); y++) {
      for (int64_t k = 0; k <= 2 * radius; k++) {
        const int64_t at = std::max<int64_t>(0, std::min(Rows() - 1, y + k - radius));
        window[static_cast<size_t>(k)] = along.data() + at * pitch;
      }
      ConvolveAcross(window.data(), kernel.data(), radius, out.data() + y * pitch, pitch);
    }
    return out;
  }

  void WriteAll(float* mapX, float* mapY) const {
    const std::vector<float> shifts = Smooth();
    const int64_t pitch = WholeVectors(width);
    for (int64_t y = 0; y < height; y++) {
      AddShifts(shifts.data() + y * pitch, alpha, 0, 1, mapX + y * width, width);
      const float* vertical = shifts.data() + (y + Rows() - height) * pitch;
      AddShifts(vertical, alpha, static_cast<float>(y), 0, mapY + y * width, width);
    }
  }

  // A wide kernel is itself a cubic between the places, so that noise may be gathered at them and smoothed there.
  void WriteSparse(float* mapX, float* mapY) const {
    const Grid grid(stride);
    // Of the kernel's places; and how many places lie before the first pixel.
    const int64_t reach = Radius() / stride, before = reach + 2;
    const int64_t columns = before + (width + stride - 1) / stride + before + 1;
    const int64_t lines = before + (Rows() + stride - 1) / stride + before + 1;
    const int64_t pitch = WholeVectors(columns);
    std::vector<float> gathered = GatherNoise(grid, before, columns, lines, pitch);

    std::vector<float> taps;
    for (int64_t m = -reach; m <= reach; m++) taps.push_back(kernel[static_cast<size_t>(Radius() + m * stride)]);
    // Across, then along; sums of places that lack neighbours are never looked at.
    std::vector<float> smooth(static_cast<size_t>(pitch * lines)), across(static_cast<size_t>(pitch) + taps.size());
    std::vector<const float*> window(taps.size());
    for (int64_t j = reach; j + reach < lines; j++) {
      for (size_t k = 0; k < taps.size(); k++) {
        window[k] = gathered.data() + (j - reach + static_cast<int64_t>(k)) * pitch;
      }
      ConvolveAcross(window.data(), taps.data(), reach, across.data(), pitch);
      ConvolveAlong(across.data(), taps.data(), 2 * reach + 1, 1, smooth.data() + j * pitch + reach, pitch - 2 * reach);
    }

    std::vector<float> mixed(static_cast<size_t>(pitch)), shifts(static_cast<size_t>(width));
    for (int64_t row = 0; row < Rows(); row++) {
      const float* from = smooth.data() + (row / stride + before - 1) * pitch;
      const auto phase = static_cast<size_t>(row % stride);
      const float weights[4] = {grid.weights[0][phase], grid.weights[1][phase], grid.weights[2][phase],
                                grid.weights[3][phase]};
      Mix(from, from + pitch, from + 2 * pitch, from + 3 * pitch, weights, mixed.data(), pitch);
      Expand(grid, mixed.data() + before - 1, shifts.data(), width);
      const int64_t y = row % height;
      if (row < height) AddShifts(shifts.data(), alpha, 0, 1, mapX + y * width, width);
      if (row >= Rows() - height) AddShifts(shifts.data(), alpha, static_cast<float>(y), 0, mapY + y * width, width);
    }
  }

  // lines x columns places, `before` of them above and left of the first pixel.
  std::vector<float> GatherNoise(const Grid& grid, int64_t before, int64_t columns, int64_t lines,
                                 int64_t pitch) const {
    std::vector<float> rows(static_cast<size_t>(width * lines)), out(static_cast<size_t>(pitch * lines));
    for (int64_t i = 0; i + 3 < lines; i++) {
      for (int64_t p = 0; p < stride; p++) {
        // Values between two places lie after the second of four.
        const int64_t y = std::max<int64_t>(0, std::min(Rows() - 1, (i + 1 - before) * stride + p));
        for (int t = 0; t < 4; t++) {
          Accumulate(noise + y * width, grid.weights[t][static_cast<size_t>(p)], rows.data() + (i + t) * width, width);
        }
      }
    }
    const int64_t left = (before - 1) * stride;
    std::vector<float> row(static_cast<size_t>(columns * stride));
    for (int64_t j = 0; j < lines; j++) {
      const float* from = rows.data() + j * width;
      std::fill(row.begin(), row.begin() + left, from[0]);
      std::copy(from, from + width, row.begin() + left);
      std::fill(row.begin() + left + width, row.end(), from[width - 1]);
      Gather(grid, row.data(), columns, out.data() + j * pitch);
    }
    return out;
  }
};

// elasticMaps(noise, fields, width, height, kernel[odd], stride, alpha, mapX, mapY)
Napi::Value ElasticMaps(const Napi::CallbackInfo& info) {
  const int64_t fields = IntegerArg(info, 1, "fields", 1, 2);
  const int64_t width = SideArg(info, 2, "width"), height = SideArg(info, 3, "height");
  const auto noise = SpanArg<float>(info, 0, "noise", fields * width * height);
  const auto kernel = SpanArg<float>(info, 4, "kernel");
  if (kernel.length % 2 == 0 || kernel.length > (1 << 16)) FailRange(info, "kernel", "expected an odd length up to 65535");
  const int64_t stride = IntegerArg(info, 5, "stride", 1, 1024);
  const auto alpha = static_cast<float>(NumberArg(info, 6, "alpha"));
  const auto mapX = SpanArg<float>(info, 7, "mapX", width * height);
  const auto mapY = SpanArg<float>(info, 8, "mapY", width * height);
  const std::vector<float> weights(kernel.data, kernel.data + kernel.length);
  const Field field{noise.data, width, height, fields, stride, weights, alpha};
  return AsyncKernel::Run(info, {mapX.owner, mapY.owner, noise.owner}, [=, toX = mapX.data, toY = mapY.data] {
    if (stride == 1) {
      field.WriteAll(toX, toY);
    } else {
      field.WriteSparse(toX, toY);
    }
  });
}

}  // namespace

void RegisterElastic(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "noiseField", NoiseField);
  Export(env, exports, "elasticMaps", ElasticMaps);
}

}  // namespace phalanx
