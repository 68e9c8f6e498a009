// Several models' packed logits of one class to that class's bit of a label map, at the image's size: each model's
// logits are interpolated to the image, then joined by a small program (means of logits, probabilities or ranks, votes,
// one inside another; src/inference/ensemble/program.ts), then compared with a threshold.
//
// Every function of the program grows with each of its logits. So in a tile of the image, the joint value lies between
// those of the smallest and of the largest logits that the tile is interpolated from: most tiles are decided by two
// values, and only the others, where the class's border passes, are computed pixel by pixel.
#include "axis.h"
#include "kernel.h"
#include "vectorized.h"

#include <cstring>
#include <map>
#include <memory>

namespace phalanx {
namespace {

constexpr int64_t kBlock = 16;
constexpr uint8_t kBias = 128;
constexpr int64_t kTileRows = 8, kTileColumns = 16, kTilePixels = kTileRows * kTileColumns;
constexpr int64_t kLevels = 256;

// What becomes of a logit before it is summed; the numbers are those of program.ts.
enum class Function : int32_t { kIdentity, kSigmoid, kLogSigmoid, kStep, kRank };
// What becomes of a sum before it is another's operand.
enum class Output : int32_t { kSum, kLogitOfProbability, kLogitOfLogarithm };

struct Operand {
  int64_t source;  // of a leaf, or ~ of an earlier node
  Function function;
  float weight, step;
  const float* ranks;  // [256]
};

struct Node {
  Output output;
  std::vector<Operand> operands;
};

// e^x for x <= 0, within two units in the last place. Source: Cephes' expf.
inline __attribute__((always_inline)) float ExpOfNegative(float x) {
  const float bounded = x > -87.0f ? x : -87.0f;
  const float power = __builtin_rintf(bounded * 1.44269504088896341f);
  const float r = bounded - power * 0.693359375f - power * -2.12194440e-4f;
  float y = 1.9875691500e-4f;
  y = y * r + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * r * r + r + 1.0f;
  const int32_t bits = (static_cast<int32_t>(power) + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return y * scale;
}

VECTORIZED void AddSigmoid(const float* x, float weight, int64_t count, float* sum) {
  for (int64_t i = 0; i < count; i++) {
    const float e = ExpOfNegative(-__builtin_fabsf(x[i]));
    sum[i] += weight * ((x[i] >= 0 ? 1.0f : e) / (1.0f + e));
  }
}

VECTORIZED void AddScaled(const float* x, float weight, int64_t count, float* sum) {
  for (int64_t i = 0; i < count; i++) sum[i] += weight * x[i];
}

VECTORIZED void AddStep(const float* x, float step, float weight, int64_t count, float* sum) {
  for (int64_t i = 0; i < count; i++) sum[i] += x[i] > step ? weight : 0.0f;
}

void AddLogSigmoid(const float* x, float weight, int64_t count, float* sum) {
  for (int64_t i = 0; i < count; i++) {
    sum[i] += weight * (std::min(x[i], 0.0f) - std::log1p(std::exp(-std::fabs(x[i]))));
  }
}

// The rank of a logit, between those of the stored logits on both sides of it.
float RankOf(float x, const float* ranks, const float* decoding) {
  if (!(x > decoding[1])) return ranks[1];
  if (x >= decoding[kLevels - 1]) return ranks[kLevels - 1];
  int64_t level = std::min<int64_t>(kLevels - 2, static_cast<int64_t>(24 * std::asinh(x / 0.1875f) + kBias));
  while (decoding[level] > x) level--;
  while (decoding[level + 1] <= x) level++;
  const float toNext = (x - decoding[level]) / (decoding[level + 1] - decoding[level]);
  return ranks[level] + (ranks[level + 1] - ranks[level]) * toNext;
}

void ToOutput(Output output, float* sum, int64_t count) {
  constexpr float kSmallest = 1e-7f;
  if (output == Output::kLogitOfProbability) {
    for (int64_t i = 0; i < count; i++) {
      const float p = std::min(std::max(sum[i], kSmallest), 1 - kSmallest);
      sum[i] = std::log(p / (1 - p));
    }
  } else if (output == Output::kLogitOfLogarithm) {
    for (int64_t i = 0; i < count; i++) {
      const float logarithm = std::min(sum[i], -kSmallest);
      sum[i] = logarithm - std::log(-std::expm1(logarithm));
    }
  }
}

class Program {
 public:
  Program(std::vector<Node> nodes, const float* decoding) : nodes_(std::move(nodes)), decoding_(decoding) {}

  // The last node's sums. `leaves` are [leaves, stride], of which `count` are used.
  const float* Run(const std::vector<float>& leaves, int64_t stride, int64_t count) {
    sums_.assign(nodes_.size() * count, 0.0f);
    for (size_t n = 0; n < nodes_.size(); n++) {
      float* sum = sums_.data() + n * count;
      for (const Operand& operand : nodes_[n].operands) {
        const float* x = operand.source >= 0 ? leaves.data() + operand.source * stride
                                             : sums_.data() + ~operand.source * count;
        Add(operand, x, count, sum);
      }
      ToOutput(nodes_[n].output, sum, count);
    }
    return sums_.data() + (nodes_.size() - 1) * count;
  }

 private:
  void Add(const Operand& operand, const float* x, int64_t count, float* sum) const {
    switch (operand.function) {
      case Function::kIdentity: return AddScaled(x, operand.weight, count, sum);
      case Function::kSigmoid: return AddSigmoid(x, operand.weight, count, sum);
      case Function::kLogSigmoid: return AddLogSigmoid(x, operand.weight, count, sum);
      case Function::kStep: return AddStep(x, operand.step, operand.weight, count, sum);
      case Function::kRank:
        for (int64_t i = 0; i < count; i++) sum[i] += operand.weight * RankOf(x[i], operand.ranks, decoding_);
    }
  }

  std::vector<Node> nodes_;
  const float* decoding_;
  std::vector<float> sums_;
};

// Block rows of one class's packed plane.
struct Window {
  const uint8_t* data;
  size_t length;
  int64_t width, height;   // of the whole plane
  int64_t firstRow, rows;  // that `data` has; both are multiples of a block's side, but for the last rows
};

VECTORIZED void WidenBounds(const uint8_t* row, int64_t width, uint8_t* lows, uint8_t* highs) {
  for (int64_t x = 0; x < width; x++) {
    lows[x] = row[x] < lows[x] ? row[x] : lows[x];
    highs[x] = row[x] > highs[x] ? row[x] : highs[x];
  }
}

// One model's stored bytes, unpacked block row by block row while the strips of the image go down.
class Leaf {
 public:
  Leaf(const Window& window, const float* decoding, std::shared_ptr<const Axis> xs, std::shared_ptr<const Axis> ys)
      : window_(window),
        decoding_(decoding),
        xs_(std::move(xs)),
        ys_(std::move(ys)),
        columns_((window.width + kBlock - 1) / kBlock),
        map_(window.data),
        details_(window.data + columns_ * ((window.rows + kBlock - 1) / kBlock)),
        end_(window.data + window.length),
        nextRow_(window.firstRow),
        lows_(window.width),
        highs_(window.width) {
    int64_t most = 0;
    const auto height = static_cast<int64_t>(ys_->low.size());
    for (int64_t y = 0; y < height; y += kTileRows) {
      const int64_t last = std::min(height, y + kTileRows) - 1;
      most = std::max<int64_t>(most, ys_->high[last] / kBlock - ys_->low[y] / kBlock + 1);
    }
    slots_ = most;
    bytes_.resize(slots_ * kBlock * window.width);
  }

  // Smallest and largest logits that each tile of the strip is interpolated from.
  void Bounds(int64_t y0, int64_t y1, int64_t tiles, float* lows, float* highs) {
    const int64_t first = ys_->low[y0], last = ys_->high[y1 - 1];
    while (nextRow_ <= last) UnpackBlockRow();
    std::memcpy(lows_.data(), Row(first), window_.width);
    std::memcpy(highs_.data(), Row(first), window_.width);
    for (int64_t row = first + 1; row <= last; row++) WidenBounds(Row(row), window_.width, lows_.data(), highs_.data());
    const auto width = static_cast<int64_t>(xs_->low.size());
    for (int64_t tile = 0; tile < tiles; tile++) {
      const int64_t x0 = tile * kTileColumns, x1 = std::min(width, x0 + kTileColumns);
      uint8_t low = 255, high = 0;
      for (int64_t x = xs_->low[x0]; x <= xs_->high[x1 - 1]; x++) {
        low = std::min(low, lows_[x]);
        high = std::max(high, highs_[x]);
      }
      lows[tile] = decoding_[low];
      highs[tile] = decoding_[high];
    }
  }

  // The tile's interpolated logits, rows of kTileColumns.
  void Interpolate(int64_t y0, int64_t y1, int64_t x0, int64_t x1, float* target) {
    const int64_t first = ys_->low[y0], last = ys_->high[y1 - 1];
    blended_.resize((last - first + 1) * kTileColumns);
    for (int64_t row = first; row <= last; row++) {
      const uint8_t* bytes = Row(row);
      float* blended = blended_.data() + (row - first) * kTileColumns;
      for (int64_t x = x0; x < x1; x++) {
        blended[x - x0] = decoding_[bytes[xs_->low[x]]] * xs_->lowWeight[x] +
                          decoding_[bytes[xs_->high[x]]] * xs_->highWeight[x];
      }
    }
    for (int64_t y = y0; y < y1; y++, target += kTileColumns) {
      const float* top = blended_.data() + (ys_->low[y] - first) * kTileColumns;
      const float* bottom = blended_.data() + (ys_->high[y] - first) * kTileColumns;
      for (int64_t x = 0; x < x1 - x0; x++) target[x] = top[x] * ys_->lowWeight[y] + bottom[x] * ys_->highWeight[y];
    }
  }

 private:
  uint8_t* Row(int64_t row) {
    return bytes_.data() + (row / kBlock % slots_ * kBlock + row % kBlock) * window_.width;
  }

  // Throws when the plane is shorter than its map asks for, before anything is read beyond it.
  void UnpackBlockRow() {
    if (nextRow_ >= window_.firstRow + window_.rows) throw std::runtime_error("a packed plane lacks rows");
    const int64_t rows = std::min(kBlock, window_.height - nextRow_);
    uint8_t* target = Row(nextRow_);
    for (int64_t x0 = 0; x0 < window_.width; x0 += kBlock) {
      const int64_t columns = std::min(kBlock, window_.width - x0);
      const uint8_t mean = *map_++;
      if (mean != 0) {
        for (int64_t y = 0; y < rows; y++) std::memset(target + y * window_.width + x0, mean, columns);
        continue;
      }
      if (end_ - details_ < rows * columns) throw std::runtime_error("a packed plane is truncated");
      uint8_t above = kBias;
      for (int64_t y = 0; y < rows; y++) {
        uint8_t* row = target + y * window_.width + x0;
        above = static_cast<uint8_t>(above + *details_++);
        row[0] = above;
        for (int64_t x = 1; x < columns; x++) row[x] = static_cast<uint8_t>(row[x - 1] + *details_++);
      }
    }
    nextRow_ += kBlock;
  }

  const Window window_;
  const float* decoding_;
  const std::shared_ptr<const Axis> xs_, ys_;
  const int64_t columns_;
  const uint8_t* map_;
  const uint8_t* details_;
  const uint8_t* end_;
  int64_t nextRow_;
  int64_t slots_ = 0;
  std::vector<uint8_t> bytes_, lows_, highs_;
  std::vector<float> blended_;
};

struct Target {
  uint32_t* plane;
  int64_t width, height;
  int64_t fromRow, toRow;
  uint32_t bit;
  float threshold;
};

void Combine(const Target& target, const std::vector<Window>& windows, const float* decoding, Program& program) {
  std::map<std::pair<int64_t, int64_t>, std::shared_ptr<const Axis>> axes;
  const auto axis = [&axes](int64_t length, int64_t sourceLength) {
    auto& known = axes[{length, sourceLength}];
    if (!known) known = std::make_shared<const Axis>(length, sourceLength);
    return known;
  };
  std::vector<Leaf> leaves;
  leaves.reserve(windows.size());
  for (const Window& window : windows) {
    leaves.emplace_back(window, decoding, axis(target.width, window.width), axis(target.height, window.height));
  }
  const int64_t tiles = (target.width + kTileColumns - 1) / kTileColumns;
  std::vector<float> bounds(leaves.size() * 2 * tiles);
  std::vector<float> pixels(leaves.size() * kTilePixels);
  std::vector<uint8_t> above(2 * tiles);
  for (int64_t y0 = target.fromRow; y0 < target.toRow; y0 += kTileRows) {
    const int64_t y1 = std::min(target.toRow, y0 + kTileRows);
    for (size_t leaf = 0; leaf < leaves.size(); leaf++) {
      float* lows = bounds.data() + leaf * 2 * tiles;
      leaves[leaf].Bounds(y0, y1, tiles, lows, lows + tiles);
    }
    const float* sums = program.Run(bounds, 2 * tiles, 2 * tiles);
    for (int64_t i = 0; i < 2 * tiles; i++) above[i] = sums[i] > target.threshold;
    for (int64_t tile = 0; tile < tiles; tile++) {
      if (!above[tile] && !above[tiles + tile]) continue;
      const int64_t x0 = tile * kTileColumns, x1 = std::min(target.width, x0 + kTileColumns);
      const bool whole = above[tile] != 0;
      if (!whole) {
        for (size_t leaf = 0; leaf < leaves.size(); leaf++) {
          leaves[leaf].Interpolate(y0, y1, x0, x1, pixels.data() + leaf * kTilePixels);
        }
        sums = program.Run(pixels, kTilePixels, kTilePixels);
      }
      for (int64_t y = y0; y < y1; y++) {
        uint32_t* row = target.plane + y * target.width;
        const float* sum = sums + (y - y0) * kTileColumns;
        for (int64_t x = x0; x < x1; x++) row[x] |= whole || sum[x - x0] > target.threshold ? target.bit : 0;
      }
    }
  }
}

// Reads [nodes, then for each: output, operands, then for each: source, function, table], with the weight and step of
// each operand in `constants`.
std::vector<Node> ProgramArg(const Napi::CallbackInfo& info, const Span<int32_t>& code, const Span<float>& constants,
                             const Span<float>& tables, int64_t leaves) {
  size_t at = 0, constant = 0;
  const auto next = [&](int64_t low, int64_t high) -> int64_t {
    if (at >= code.length) FailRange(info, "program", "ends too early");
    const int64_t value = code[at++];
    if (value < low || value > high) FailRange(info, "program", "has " + std::to_string(value) + " at " + std::to_string(at - 1));
    return value;
  };
  std::vector<Node> nodes(next(1, 1 << 16));
  const auto tableCount = static_cast<int64_t>(tables.length) / kLevels;
  for (size_t n = 0; n < nodes.size(); n++) {
    nodes[n].output = static_cast<Output>(next(0, 2));
    const int64_t operands = next(1, 1 << 16);
    for (int64_t i = 0; i < operands; i++, constant += 2) {
      const int64_t source = next(-static_cast<int64_t>(n), leaves - 1);
      const auto function = static_cast<Function>(next(0, 4));
      const int64_t table = next(0, function == Function::kRank ? tableCount - 1 : 0);
      if (constant + 2 > constants.length) FailRange(info, "constants", "end too early");
      nodes[n].operands.push_back(
          {source, function, constants[constant], constants[constant + 1], tables.data + table * kLevels});
    }
  }
  return nodes;
}

// combineClass(planes, windows, decoding, program, constants, tables, threshold, target, width, height, fromRow, toRow,
// bit): sets bit `bit` of target [height, width] in the rows from `fromRow` to `toRow` where the joint value is above
// the threshold. `planes` are the block rows of each model's packed plane that those rows are interpolated from, and
// `windows` says for each: width, height of the whole plane, first row, rows.
Napi::Value CombineClass(const Napi::CallbackInfo& info) {
  const auto planes = SpansArg<uint8_t>(info, 0, "planes", kAnyLength, kAnyLength);
  const auto leaves = static_cast<int64_t>(planes.size());
  const auto shapes = SpanArg<int32_t>(info, 1, "windows", 4 * leaves);
  const auto decoding = SpanArg<float>(info, 2, "decoding", kLevels);
  const auto code = SpanArg<int32_t>(info, 3, "program");
  const auto constants = SpanArg<float>(info, 4, "constants");
  const auto tables = SpanArg<float>(info, 5, "tables");
  const std::vector<Node> nodes = ProgramArg(info, code, constants, tables, leaves);
  const int64_t width = SideArg(info, 8, "width"), height = SideArg(info, 9, "height");
  if (width * height > kMaxPixels) FailRange(info, "target", "too large");
  const auto plane = SpanArg<uint32_t>(info, 7, "target", width * height);
  const int64_t fromRow = IntegerArg(info, 10, "fromRow", 0, height);
  const int64_t toRow = IntegerArg(info, 11, "toRow", fromRow, height);
  if (fromRow % kTileRows != 0) FailRange(info, "fromRow", "expected a multiple of " + std::to_string(kTileRows));
  const Target target{plane.data, width, height, fromRow, toRow,
                      uint32_t{1} << IntegerArg(info, 12, "bit", 0, 31),
                      static_cast<float>(NumberArg(info, 6, "threshold"))};
  std::vector<Napi::Object> owners{plane.owner, decoding.owner, tables.owner};
  std::vector<Window> windows;
  for (int64_t i = 0; i < leaves; i++) {
    const Window window{planes[i].data, planes[i].length, shapes[4 * i], shapes[4 * i + 1], shapes[4 * i + 2],
                        shapes[4 * i + 3]};
    const bool inside = window.width >= 1 && window.width <= kMaxSide && window.height >= 1 &&
                        window.height <= kMaxSide && window.firstRow >= 0 && window.firstRow % kBlock == 0 &&
                        window.rows >= 1 && window.firstRow + window.rows <= window.height;
    if (!inside) FailRange(info, "windows", "rows outside of the plane");
    const int64_t blocks = (window.width + kBlock - 1) / kBlock * ((window.rows + kBlock - 1) / kBlock);
    if (window.length < static_cast<size_t>(blocks)) FailRange(info, "planes", "a packed plane is truncated");
    windows.push_back(window);
    owners.push_back(planes[i].owner);
  }
  return AsyncKernel::Run(info, owners, [target, windows, table = decoding.data, nodes]() {
    Program program(nodes, table);
    Combine(target, windows, table, program);
  });
}

// countLevels(plane, height, width): resolves with how many logits of a packed plane have each stored byte, a
// Uint32Array [256].
Napi::Value CountLevels(const Napi::CallbackInfo& info) {
  const auto plane = SpanArg<uint8_t>(info, 0, "plane");
  const int64_t height = SideArg(info, 1, "height"), width = SideArg(info, 2, "width");
  const int64_t columns = (width + kBlock - 1) / kBlock, blockRows = (height + kBlock - 1) / kBlock;
  if (width * height > kMaxPixels) FailRange(info, "plane", "too large");
  if (plane.length < static_cast<size_t>(columns * blockRows)) FailRange(info, "plane", "a packed plane is truncated");
  auto counts = NewArray<Napi::Uint32Array>(info, kLevels);
  return AsyncKernel::Run(info, {counts, plane.owner}, [=, target = counts.Data()]() {
    const uint8_t* details = plane.data + columns * blockRows;
    const uint8_t* end = plane.data + plane.length;
    for (int64_t block = 0; block < columns * blockRows; block++) {
      const int64_t rows = std::min(kBlock, height - block / columns * kBlock);
      const int64_t across = std::min(kBlock, width - block % columns * kBlock);
      if (plane.data[block] != 0) {
        target[plane.data[block]] += static_cast<uint32_t>(rows * across);
        continue;
      }
      if (end - details < rows * across) throw std::runtime_error("a packed plane is truncated");
      uint8_t above = kBias;
      for (int64_t y = 0; y < rows; y++) {
        uint8_t byte = above = static_cast<uint8_t>(above + *details++);
        target[byte]++;
        for (int64_t x = 1; x < across; x++) target[byte = static_cast<uint8_t>(byte + *details++)]++;
      }
    }
  });
}

}  // namespace

void RegisterCombine(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "combineClass", CombineClass);
  Export(env, exports, "countLevels", CountLevels);
}

}  // namespace phalanx
