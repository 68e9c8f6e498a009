// CLAHE of grey images, and of colour images on the lightness of their Lab values.
//
// Numbers follow OpenCV 5 (modules/imgproc: clahe.cpp; color_lab.cpp, RGB2Lab_b and Lab2RGBinteger).
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>
#include <array>

namespace phalanx {
namespace {

struct Grid {
  int64_t tilesX, tilesY, tileWidth, tileHeight;
};

// Tiles divide the image, extended by mirroring where it is not divisible: by a whole tile count when one side is not.
Grid GridOf(int64_t width, int64_t height, int64_t tilesX, int64_t tilesY) {
  const bool divisible = width % tilesX == 0 && height % tilesY == 0;
  const int64_t extendedWidth = divisible ? width : width + tilesX - width % tilesX;
  const int64_t extendedHeight = divisible ? height : height + tilesY - height % tilesY;
  return {tilesX, tilesY, extendedWidth / tilesX, extendedHeight / tilesY};
}

// The equalizing table of one tile, its histogram clipped and the surplus spread evenly.
void TileTable(const uint8_t* grey, int64_t width, int64_t height, const Grid& g, int64_t tx, int64_t ty,
               double clipLimit, uint8_t* table) {
  // Four histograms: neighbouring pixels are often equal, and one counter would wait for itself.
  uint32_t parts[4][256] = {};
  for (int64_t j = 0; j < g.tileHeight; j++) {
    const uint8_t* row = grey + Reflect101(ty * g.tileHeight + j, height) * width;
    const int64_t first = tx * g.tileWidth, inside = std::min(first + g.tileWidth, width);
    int64_t x = first;
    for (; x + 4 <= inside; x += 4) {
      for (int64_t k = 0; k < 4; k++) parts[k][row[x + k]]++;
    }
    for (; x < first + g.tileWidth; x++) parts[0][row[Reflect101(x, width)]]++;
  }
  std::array<int64_t, 256> histogram;
  for (size_t i = 0; i < 256; i++) histogram[i] = int64_t{parts[0][i]} + parts[1][i] + parts[2][i] + parts[3][i];

  const int64_t area = g.tileWidth * g.tileHeight;
  if (clipLimit > 0) {
    const int64_t limit = std::max<int64_t>(static_cast<int64_t>(clipLimit * static_cast<double>(area) / 256), 1);
    int64_t clipped = 0;
    for (int64_t& count : histogram) {
      clipped += std::max<int64_t>(count - limit, 0);
      count = std::min(count, limit);
    }
    const int64_t share = clipped / 256;
    int64_t residual = clipped - share * 256;
    for (int64_t& count : histogram) count += share;
    if (residual != 0) {
      const int64_t step = std::max<int64_t>(256 / residual, 1);
      for (int64_t i = 0; i < 256 && residual > 0; i += step, residual--) histogram[static_cast<size_t>(i)]++;
    }
  }
  const float scale = 255.0f / static_cast<float>(area);
  int64_t sum = 0;
  for (size_t i = 0; i < 256; i++) {
    sum += histogram[i];
    table[i] = Saturate(static_cast<float>(sum) * scale);
  }
}

VECTORIZED void BlendTables(const uint8_t* __restrict grey, const uint32_t* __restrict cell,
                            const float* __restrict alpha, const float* __restrict alpha1, float beta, float beta1,
                            uint8_t* __restrict out, int64_t count) {
  for (int64_t x = 0; x < count; x++) {
    const uint32_t four = cell[grey[x]];
    const float a = static_cast<float>(static_cast<int>(four & 255));
    const float b = static_cast<float>(static_cast<int>((four >> 8) & 255));
    const float c = static_cast<float>(static_cast<int>((four >> 16) & 255));
    const float d = static_cast<float>(static_cast<int>(four >> 24));
    const float top = a * alpha1[x] + b * alpha[x], bottom = c * alpha1[x] + d * alpha[x];
    out[x] = Saturate(top * beta1 + bottom * beta);
  }
}

void Clahe(const uint8_t* grey, int64_t width, int64_t height, double clipLimit, int64_t tilesX, int64_t tilesY,
           uint8_t* target) {
  const Grid g = GridOf(width, height, tilesX, tilesY);
  std::vector<uint8_t> tables(static_cast<size_t>(tilesX * tilesY * 256));
  for (int64_t ty = 0; ty < tilesY; ty++) {
    for (int64_t tx = 0; tx < tilesX; tx++) {
      TileTable(grey, width, height, g, tx, ty, clipLimit, tables.data() + (ty * tilesX + tx) * 256);
    }
  }
  std::vector<float> alpha(static_cast<size_t>(width)), alpha1(static_cast<size_t>(width));
  std::vector<int64_t> left(static_cast<size_t>(width));
  const float inverseWidth = 1.0f / static_cast<float>(g.tileWidth);
  const float inverseHeight = 1.0f / static_cast<float>(g.tileHeight);
  for (size_t x = 0; x < static_cast<size_t>(width); x++) {
    const float position = static_cast<float>(x) * inverseWidth - 0.5f;
    left[x] = static_cast<int64_t>(std::floor(position));
    alpha[x] = position - static_cast<float>(left[x]);
    alpha1[x] = 1.0f - alpha[x];
  }
  // Between four tile centres the same four tables are blended: the cell holds them side by side, one load per pixel.
  std::vector<uint32_t> cells(static_cast<size_t>((tilesX + 1) * 256));
  int64_t heldTop = -2;
  for (int64_t y = 0; y < height; y++) {
    const float position = static_cast<float>(y) * inverseHeight - 0.5f;
    const auto top = static_cast<int64_t>(std::floor(position));
    const float beta = position - static_cast<float>(top), beta1 = 1.0f - beta;
    if (top != heldTop) {
      const int64_t y1 = std::max<int64_t>(top, 0), y2 = std::min(top + 1, tilesY - 1);
      for (int64_t cell = 0; cell <= tilesX; cell++) {
        const int64_t x1 = std::max<int64_t>(cell - 1, 0), x2 = std::min(cell, tilesX - 1);
        const uint8_t *a = &tables[static_cast<size_t>((y1 * tilesX + x1) * 256)],
                      *b = &tables[static_cast<size_t>((y1 * tilesX + x2) * 256)],
                      *c = &tables[static_cast<size_t>((y2 * tilesX + x1) * 256)],
                      *d = &tables[static_cast<size_t>((y2 * tilesX + x2) * 256)];
        uint32_t* packed = &cells[static_cast<size_t>(cell * 256)];
        for (int i = 0; i < 256; i++) {
          packed[i] = a[i] | uint32_t{b[i]} << 8 | uint32_t{c[i]} << 16 | uint32_t{d[i]} << 24;
        }
      }
      heldTop = top;
    }
    for (int64_t x = 0; x < width;) {
      const int64_t cell = left[static_cast<size_t>(x)];
      int64_t end = x + 1;
      while (end < width && left[static_cast<size_t>(end)] == cell) end++;
      BlendTables(grey + y * width + x, &cells[static_cast<size_t>((cell + 1) * 256)], &alpha[static_cast<size_t>(x)],
                  &alpha1[static_cast<size_t>(x)], beta, beta1, target + y * width + x, end - x);
      x = end;
    }
  }
}

// Integer tables of the 8-bit Lab conversion, laid out one after the other; src/pixels/lab.ts makes them.
struct LabTables {
  const int32_t *gamma, *cubeRoot, *lightnessToY, *lightnessToF, *fToXz, *inverseGamma, *toXyz, *toRgb;

  static constexpr int64_t kLength = 256 + 3072 + 256 + 256 + 36864 + 4096 + 9 + 9;
  static constexpr int32_t kLowestF = -8145;

  explicit LabTables(const int32_t* t)
      : gamma(t),
        cubeRoot(t + 256),
        lightnessToY(cubeRoot + 3072),
        lightnessToF(lightnessToY + 256),
        fToXz(lightnessToF + 256),
        inverseGamma(fToXz + 36864),
        toXyz(inverseGamma + 4096),
        toRgb(toXyz + 9) {}
};

inline int32_t Descale(int32_t value, int shift) {
  return (value + (1 << (shift - 1))) >> shift;
}

inline uint8_t Clip(int32_t value) {
  return static_cast<uint8_t>(std::clamp(value, 0, 255));
}

void RgbToLab(const LabTables& t, const uint8_t* rgb, uint8_t* lab) {
  const int32_t r = t.gamma[rgb[0]], g = t.gamma[rgb[1]], b = t.gamma[rgb[2]];
  int32_t f[3];
  for (int i = 0; i < 3; i++) {
    const int32_t* c = t.toXyz + 3 * i;
    f[i] = t.cubeRoot[std::min(Descale(r * c[0] + g * c[1] + b * c[2], 12), 3071)];
  }
  lab[0] = Clip(Descale(296 * f[1] - 1336934, 15));
  lab[1] = Clip(Descale(500 * (f[0] - f[1]) + (128 << 15), 15));
  lab[2] = Clip(Descale(200 * (f[1] - f[2]) + (128 << 15), 15));
}

void LabToRgb(const LabTables& t, const uint8_t* lab, uint8_t* rgb) {
  const int32_t y = t.lightnessToY[lab[0]], fy = t.lightnessToF[lab[0]];
  const int32_t a = ((5 * lab[1] * 53687 + (1 << 7)) >> 13) - 128 * 16384 / 500;
  const int32_t b = ((lab[2] * 41943 + (1 << 4)) >> 9) - 128 * 16384 / 200 + 1;
  const int32_t x = t.fToXz[fy + a - LabTables::kLowestF], z = t.fToXz[fy - b - LabTables::kLowestF];
  for (int i = 0; i < 3; i++) {
    const int32_t* c = t.toRgb + 3 * i;
    const int32_t linear = Descale(c[0] * x + c[1] * y + c[2] * z, 14);
    rgb[i] = static_cast<uint8_t>(t.inverseGamma[std::clamp(linear, 0, 4095)]);
  }
}

VECTORIZED bool IsGrey(const uint8_t* rgb, int64_t pixels) {
  uint8_t difference = 0;
  for (int64_t i = 0; i < pixels; i++) {
    difference |= static_cast<uint8_t>((rgb[3 * i] ^ rgb[3 * i + 1]) | (rgb[3 * i] ^ rgb[3 * i + 2]));
  }
  return difference == 0;
}

void ClaheRgb(const uint8_t* source, int64_t width, int64_t height, double clipLimit, int64_t tilesX, int64_t tilesY,
              const LabTables& t, uint8_t* target) {
  const int64_t pixels = width * height;
  std::vector<uint8_t> lightness(static_cast<size_t>(pixels)), equalized(static_cast<size_t>(pixels));
  if (IsGrey(source, pixels)) {
    // A grey value's Lab has a = b = 128, so both conversions are tables of 256.
    std::array<uint8_t, 256> forward;
    std::array<std::array<uint8_t, 3>, 256> back;
    for (int v = 0; v < 256; v++) {
      const auto grey = static_cast<uint8_t>(v);
      const uint8_t rgb[3] = {grey, grey, grey}, lab[3] = {grey, 128, 128};
      uint8_t converted[3];
      RgbToLab(t, rgb, converted);
      forward[static_cast<size_t>(v)] = converted[0];
      LabToRgb(t, lab, back[static_cast<size_t>(v)].data());
    }
    for (int64_t i = 0; i < pixels; i++) lightness[static_cast<size_t>(i)] = forward[source[3 * i]];
    Clahe(lightness.data(), width, height, clipLimit, tilesX, tilesY, equalized.data());
    for (int64_t i = 0; i < pixels; i++) {
      const std::array<uint8_t, 3>& rgb = back[equalized[static_cast<size_t>(i)]];
      target[3 * i] = rgb[0];
      target[3 * i + 1] = rgb[1];
      target[3 * i + 2] = rgb[2];
    }
    return;
  }
  // Lab is kept in the target: lightness is replaced in place.
  for (int64_t i = 0; i < pixels; i++) {
    RgbToLab(t, source + 3 * i, target + 3 * i);
    lightness[static_cast<size_t>(i)] = target[3 * i];
  }
  Clahe(lightness.data(), width, height, clipLimit, tilesX, tilesY, equalized.data());
  for (int64_t i = 0; i < pixels; i++) {
    const uint8_t lab[3] = {equalized[static_cast<size_t>(i)], target[3 * i + 1], target[3 * i + 2]};
    LabToRgb(t, lab, target + 3 * i);
  }
}

// claheGrey(grey, width, height, clipLimit, tilesX, tilesY, target)
Napi::Value ClaheGrey(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const auto grey = SpanArg<uint8_t>(info, 0, "grey", width * height);
  const double clipLimit = NumberArg(info, 3, "clipLimit");
  const int64_t tilesX = IntegerArg(info, 4, "tilesX", 1, 256), tilesY = IntegerArg(info, 5, "tilesY", 1, 256);
  const auto target = SpanArg<uint8_t>(info, 6, "target", width * height);
  return AsyncKernel::Run(info, {target.owner, grey.owner}, [=, s = grey.data, t = target.data] {
    Clahe(s, width, height, clipLimit, tilesX, tilesY, t);
  });
}

// claheRgb(source, width, height, clipLimit, tilesX, tilesY, tables, target)
Napi::Value ClaheRgbKernel(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 1, "width"), height = SideArg(info, 2, "height");
  const auto source = SpanArg<uint8_t>(info, 0, "source", width * height * 3);
  const double clipLimit = NumberArg(info, 3, "clipLimit");
  const int64_t tilesX = IntegerArg(info, 4, "tilesX", 1, 256), tilesY = IntegerArg(info, 5, "tilesY", 1, 256);
  const auto tables = SpanArg<int32_t>(info, 6, "tables", LabTables::kLength);
  const auto target = SpanArg<uint8_t>(info, 7, "target", width * height * 3);
  return AsyncKernel::Run(info, {target.owner, source.owner, tables.owner},
                          [=, s = source.data, l = tables.data, t = target.data] {
                            ClaheRgb(s, width, height, clipLimit, tilesX, tilesY, LabTables(l), t);
                          });
}

}  // namespace

void RegisterClahe(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "claheGrey", ClaheGrey);
  Export(env, exports, "claheRgb", ClaheRgbKernel);
}

}  // namespace phalanx
