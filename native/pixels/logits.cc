// The logit store's hot loops: quantizing and packing logits, and the weighted sum of packed logits. The format, its
// constants and the TypeScript twins are in src/inference/store/; the code tables come from there too, so that both
// agree to the bit.
#include "axis.h"
#include "kernel.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

namespace phalanx {
namespace {

constexpr int64_t kBlock = 16;
constexpr uint8_t kBias = 128;

struct Shape {
  int64_t height, width, classes;

  int64_t Pixels() const { return height * width; }
  int64_t BlockRows() const { return (height + kBlock - 1) / kBlock; }
  int64_t BlockColumns() const { return (width + kBlock - 1) / kBlock; }
  int64_t Blocks() const { return BlockRows() * BlockColumns(); }
};

struct Quantizer {
  const uint8_t* encoding;  // [cells], stored bytes of logits from -reach to reach
  int64_t cells;
  const float* decoding;  // [256]
  uint8_t flatLow, flatHigh;

  // NaN is taken to the first cell.
  uint8_t Byte(float x) const {
    const float cell = (x + static_cast<float>(cells) / 2 / kCellsPerUnit) * kCellsPerUnit;
    const float last = static_cast<float>(cells - 1);
    return encoding[static_cast<int32_t>(cell > 0 ? (cell < last ? cell : last) : 0)];
  }

  static constexpr float kCellsPerUnit = 1024;
};

// Takes the classes of [pixels, classes] apart; the index of the first NaN in a stretch of pixels, or -1.
int64_t Quantize(const float* logits, const Shape& shape, const Quantizer& quantizer, uint8_t* planes) {
  // A stretch of pixels at a time stays in the cache while its classes are taken out one by one.
  constexpr int64_t kStretch = 512;
  const int64_t pixels = shape.Pixels(), classes = shape.classes;
  for (int64_t from = 0; from < pixels; from += kStretch) {
    const int64_t to = std::min(pixels, from + kStretch);
    for (int64_t c = 0; c < classes; c++) {
      uint8_t* plane = planes + c * pixels;
      bool unordered = false;
      for (int64_t pixel = from; pixel < to; pixel++) {
        const float x = logits[pixel * classes + c];
        unordered |= x != x;
        plane[pixel] = quantizer.Byte(x);
      }
      if (unordered) {
        for (int64_t i = from * classes; i < to * classes; i++) {
          if (logits[i] != logits[i]) return i;
        }
      }
    }
  }
  return -1;
}

bool IsFlat(const uint8_t* plane, const Shape& shape, const Quantizer& quantizer, int64_t x0, int64_t y0, int64_t x1,
            int64_t y1) {
  const int64_t left = std::max<int64_t>(0, x0 - 1), right = std::min(shape.width, x1 + 1);
  const int64_t top = std::max<int64_t>(0, y0 - 1), bottom = std::min(shape.height, y1 + 1);
  const bool low = plane[top * shape.width + left] < kBias;
  for (int64_t y = top; y < bottom; y++) {
    const uint8_t* row = plane + y * shape.width;
    bool far = true;
    if (low) {
      for (int64_t x = left; x < right; x++) far &= row[x] <= quantizer.flatLow;
    } else {
      for (int64_t x = left; x < right; x++) far &= row[x] >= quantizer.flatHigh;
    }
    if (!far) return false;
  }
  return true;
}

std::vector<uint8_t> Pack(const uint8_t* plane, const Shape& shape, const Quantizer& quantizer) {
  std::vector<uint8_t> packed(shape.Blocks());
  int64_t block = 0;
  for (int64_t y0 = 0; y0 < shape.height; y0 += kBlock) {
    const int64_t y1 = std::min(shape.height, y0 + kBlock);
    for (int64_t x0 = 0; x0 < shape.width; x0 += kBlock) {
      const int64_t x1 = std::min(shape.width, x0 + kBlock);
      if (IsFlat(plane, shape, quantizer, x0, y0, x1, y1)) {
        double sum = 0;
        for (int64_t y = y0; y < y1; y++) {
          for (int64_t x = x0; x < x1; x++) sum += quantizer.decoding[plane[y * shape.width + x]];
        }
        packed[block++] = quantizer.Byte(static_cast<float>(sum / static_cast<double>((x1 - x0) * (y1 - y0))));
        continue;
      }
      packed[block++] = 0;
      uint8_t above = kBias;
      for (int64_t y = y0; y < y1; y++) {
        const uint8_t* row = plane + y * shape.width;
        packed.push_back(row[x0] - above);
        above = row[x0];
        for (int64_t x = x0 + 1; x < x1; x++) packed.push_back(row[x] - row[x - 1]);
      }
    }
  }
  return packed;
}

// packLogits(logits, height, width, classes, encoding, decoding, flatLow, flatHigh): resolves with a packed plane
// (Uint8Array) per class, or with the index of a logit that is NaN.
Napi::Value PackLogits(const Napi::CallbackInfo& info) {
  const Shape shape{SideArg(info, 1, "height"), SideArg(info, 2, "width"),
                    IntegerArg(info, 3, "classes", 1, kMaxSide)};
  const auto logits = SpanArg<float>(info, 0, "logits", shape.Pixels() * shape.classes);
  const auto encoding = SpanArg<uint8_t>(info, 4, "encoding");
  const auto decoding = SpanArg<float>(info, 5, "decoding", 256);
  const Quantizer quantizer{encoding.data, static_cast<int64_t>(encoding.length), decoding.data,
                            static_cast<uint8_t>(IntegerArg(info, 6, "flatLow", 1, 255)),
                            static_cast<uint8_t>(IntegerArg(info, 7, "flatHigh", 1, 255))};
  if (encoding.length == 0) FailRange(info, "encoding", "expected at least one cell");
  struct Result {
    int64_t wrong = -1;
    std::vector<std::vector<uint8_t>> packed;
  };
  auto result = std::make_shared<Result>();
  return AsyncKernel::Run(
      info, {logits.owner, encoding.owner, decoding.owner},
      [=]() {
        std::vector<uint8_t> planes(shape.Pixels() * shape.classes);
        result->wrong = Quantize(logits.data, shape, quantizer, planes.data());
        if (result->wrong >= 0) return;
        for (int64_t c = 0; c < shape.classes; c++) {
          result->packed.push_back(Pack(planes.data() + c * shape.Pixels(), shape, quantizer));
        }
      },
      [result](Napi::Env env) -> Napi::Value {
        if (result->wrong >= 0) return Napi::Number::New(env, static_cast<double>(result->wrong));
        Napi::Array arrays = Napi::Array::New(env, result->packed.size());
        for (size_t c = 0; c < result->packed.size(); c++) {
          const std::vector<uint8_t>& packed = result->packed[c];
          Napi::Uint8Array array = Napi::Uint8Array::New(env, packed.size());
          std::copy(packed.begin(), packed.end(), array.Data());
          arrays.Set(static_cast<uint32_t>(c), array);
        }
        return arrays;
      });
}

// One class of one member: where its map and its next detailed block are, and its logits times its weight.
struct Cursor {
  const uint8_t* map;
  const uint8_t* details;
  const uint8_t* end;
  const float* table;
};

// Throws when a packed plane is shorter than its map asks for, before anything is read beyond it.
class Mixer {
 public:
  Mixer(const Shape& shape, std::vector<Cursor> cursors, float* target)
      : shape_(shape), cursors_(std::move(cursors)), members_(cursors_.size() / shape.classes), target_(target) {}

  void Run() {
    std::vector<float> flat(shape_.classes);
    std::vector<int64_t> detailed;
    int64_t block = 0;
    for (int64_t y0 = 0; y0 < shape_.height; y0 += kBlock) {
      for (int64_t x0 = 0; x0 < shape_.width; x0 += kBlock, block++) {
        const int64_t rows = std::min(kBlock, shape_.height - y0), columns = std::min(kBlock, shape_.width - x0);
        detailed.clear();
        for (int64_t c = 0; c < shape_.classes; c++) {
          float sum = 0;
          bool isFlat = true;
          for (size_t m = 0; m < members_; m++) {
            const Cursor& cursor = cursors_[c * members_ + m];
            const uint8_t mean = cursor.map[block];
            isFlat &= mean != 0;
            sum += cursor.table[mean];
          }
          flat[c] = sum;
          if (!isFlat) detailed.push_back(c);
        }
        float* corner = target_ + (y0 * shape_.width + x0) * shape_.classes;
        for (int64_t y = 0; y < rows; y++) {
          float* pixel = corner + y * shape_.width * shape_.classes;
          for (int64_t x = 0; x < columns; x++, pixel += shape_.classes) {
            std::copy(flat.begin(), flat.end(), pixel);
          }
        }
        for (const int64_t c : detailed) Detail(c, block, rows, columns, corner + c);
      }
    }
  }

 private:
  void Detail(int64_t c, int64_t block, int64_t rows, int64_t columns, float* corner) {
    std::array<float, kBlock * kBlock> sums{};
    for (size_t m = 0; m < members_; m++) {
      Cursor& cursor = cursors_[c * members_ + m];
      const uint8_t mean = cursor.map[block];
      if (mean != 0) {
        const float logit = cursor.table[mean];
        for (int64_t i = 0; i < rows * columns; i++) sums[i] += logit;
        continue;
      }
      if (cursor.end - cursor.details < rows * columns) throw std::runtime_error("a packed plane is truncated");
      uint8_t above = kBias;
      for (int64_t y = 0, i = 0; y < rows; y++) {
        above = static_cast<uint8_t>(above + *cursor.details++);
        uint8_t byte = above;
        sums[i++] += cursor.table[byte];
        for (int64_t x = 1; x < columns; x++) {
          byte = static_cast<uint8_t>(byte + *cursor.details++);
          sums[i++] += cursor.table[byte];
        }
      }
    }
    for (int64_t y = 0, i = 0; y < rows; y++) {
      float* value = corner + y * shape_.width * shape_.classes;
      for (int64_t x = 0; x < columns; x++, value += shape_.classes) *value = sums[i++];
    }
  }

  const Shape shape_;
  std::vector<Cursor> cursors_;  // [classes, members]
  const size_t members_;
  float* target_;
};

// mixLogits(planes, tables, height, width, classes, target): `planes` are packed planes [members * classes], `tables` one
// Float32Array [256] per plane; resolves with `target`, [height, width, classes], the sum over members.
Napi::Value MixLogits(const Napi::CallbackInfo& info) {
  const Shape shape{SideArg(info, 2, "height"), SideArg(info, 3, "width"),
                    IntegerArg(info, 4, "classes", 1, kMaxSide)};
  if (shape.Pixels() * shape.classes > kMaxPixels) FailRange(info, "classes", "too many logits");
  const auto planes = SpansArg<uint8_t>(info, 0, "planes", kAnyLength, kAnyLength);
  const auto tables = SpansArg<float>(info, 1, "tables", planes.size(), 256);
  if (planes.empty() || planes.size() % shape.classes != 0) FailRange(info, "planes", "expected members * classes");
  const size_t members = planes.size() / shape.classes;
  std::vector<Napi::Object> owners;
  std::vector<Cursor> cursors(planes.size());
  for (size_t m = 0; m < members; m++) {
    for (int64_t c = 0; c < shape.classes; c++) {
      const Span<uint8_t>& plane = planes[m * shape.classes + c];
      const Span<float>& table = tables[m * shape.classes + c];
      if (plane.length < static_cast<size_t>(shape.Blocks())) FailRange(info, "planes", "a packed plane is truncated");
      cursors[c * members + m] = {plane.data, plane.data + shape.Blocks(), plane.data + plane.length, table.data};
      owners.push_back(plane.owner);
      owners.push_back(table.owner);
    }
  }
  const auto target = SpanArg<float>(info, 5, "target", shape.Pixels() * shape.classes);
  float* data = target.data;
  owners.insert(owners.begin(), target.owner);
  return AsyncKernel::Run(info, owners,
                          [shape, cursors, data]() mutable { Mixer(shape, std::move(cursors), data).Run(); });
}

// addResized(target, height, width, source, sourceHeight, sourceWidth, classes): adds source [sourceHeight,
// sourceWidth, classes], bilinearly resized, to target [height, width, classes]; resolves with target.
Napi::Value AddResized(const Napi::CallbackInfo& info) {
  const Shape to{SideArg(info, 1, "height"), SideArg(info, 2, "width"), IntegerArg(info, 6, "classes", 1, kMaxSide)};
  const Shape from{SideArg(info, 4, "sourceHeight"), SideArg(info, 5, "sourceWidth"), to.classes};
  const auto target = SpanArg<float>(info, 0, "target", to.Pixels() * to.classes);
  const auto source = SpanArg<float>(info, 3, "source", from.Pixels() * from.classes);
  return AsyncKernel::Run(info, {target.owner, source.owner}, [=]() {
    const Axis columns(to.width, from.width), rows(to.height, from.height);
    const int64_t stride = from.width * from.classes;
    std::vector<float> blended(stride);
    for (int64_t y = 0; y < to.height; y++) {
      const float* top = source.data + rows.low[y] * stride;
      const float* bottom = source.data + rows.high[y] * stride;
      const float above = rows.lowWeight[y], below = rows.highWeight[y];
      for (int64_t i = 0; i < stride; i++) blended[i] = above * top[i] + below * bottom[i];
      float* pixel = target.data + y * to.width * to.classes;
      for (int64_t x = 0; x < to.width; x++, pixel += to.classes) {
        const float* left = blended.data() + columns.low[x] * to.classes;
        const float* right = blended.data() + columns.high[x] * to.classes;
        const float before = columns.lowWeight[x], after = columns.highWeight[x];
        for (int64_t c = 0; c < to.classes; c++) pixel[c] += before * left[c] + after * right[c];
      }
    }
  });
}

}  // namespace

void RegisterLogits(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "packLogits", PackLogits);
  Export(env, exports, "mixLogits", MixLogits);
  Export(env, exports, "addResized", AddResized);
}

}  // namespace phalanx
