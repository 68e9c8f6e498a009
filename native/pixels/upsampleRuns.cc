// Logits at model resolution to the runs of the label map at image resolution, without making that map: only where a
// border crosses a cell can a run begin or end, so only those cells are written out, row by row.
#include "runs.h"
#include "upsample.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace phalanx {
namespace {

constexpr size_t kLanes = 4;
typedef float Floats __attribute__((vector_size(4 * kLanes)));
typedef uint32_t Words __attribute__((vector_size(4 * kLanes)));

// Columns of the target that lie between the same two columns of the source.
struct Cell {
  size_t start, end;
  int32_t low, high;
};

std::vector<Cell> CellsOf(const Axis& axis) {
  std::vector<Cell> cells;
  for (size_t start = 0; start < axis.low.size();) {
    const size_t end = axis.NextCell(start);
    cells.push_back({start, end, axis.low[start], axis.high[start]});
    start = end;
  }
  return cells;
}

// From `cell` on, up to the next piece, a row of cells has the bits `decided`; where `undecided` is not zero, the cell's
// pixels are at `patch`, each row of them padded to whole vectors.
struct Piece {
  const Cell* cell;
  uint32_t decided, undecided;
  size_t patch;

  size_t Stride() const { return (cell->end - cell->start + kLanes - 1) / kLanes * kLanes; }
};

class RunUpsampler {
 public:
  RunUpsampler(const Logits& logits, int64_t width, int64_t height)
      : logits_(logits), xs_(width, logits.width), ys_(height, logits.height), cells_(CellsOf(xs_)) {
    // Vectors reach beyond the last column.
    xs_.lowWeight.resize(width + kLanes);
    xs_.highWeight.resize(width + kLanes);
  }

  std::vector<Boundaries> Run() {
    RunCollector found(logits_.classes);
    std::vector<uint32_t> above(logits_.width * logits_.height);
    for (int64_t firstClass = 0; firstClass < logits_.classes; firstClass += 32) {
      AboveThreshold(logits_, firstClass, above.data());
      Plane(above.data(), firstClass, found);
    }
    return found.Take();
  }

 private:
  void Plane(const uint32_t* above, int64_t firstClass, RunCollector& found) {
    const size_t width = xs_.low.size(), height = ys_.low.size();
    uint32_t before = 0;
    for (size_t top = 0; top < height;) {
      const size_t bottom = ys_.NextCell(top);
      FindPieces(above + ys_.low[top] * logits_.width, above + ys_.high[top] * logits_.width, bottom - top);
      for (const Piece& piece : pieces_) Interpolate(piece, firstClass, top, bottom);
      for (size_t y = top; y < bottom; y++) {
        for (const Piece& piece : pieces_) {
          const size_t start = piece.cell->start, count = piece.undecided == 0 ? 1 : piece.cell->end - start;
          const uint32_t* row = piece.undecided == 0 ? &piece.decided : &patches_[piece.patch + (y - top) * piece.Stride()];
          for (size_t x = 0; x < count; x++) {
            found.Change(row[x] ^ before, static_cast<uint32_t>(y * width + start + x), firstClass);
            before = row[x];
          }
        }
      }
      top = bottom;
    }
    found.Change(before, static_cast<uint32_t>(width * height), firstClass);
  }

  void FindPieces(const uint32_t* upper, const uint32_t* lower, size_t rows) {
    pieces_.clear();
    size_t size = 0;
    for (const Cell& cell : cells_) {
      const uint32_t a = upper[cell.low], b = upper[cell.high], c = lower[cell.low], d = lower[cell.high];
      const uint32_t all = a & b & c & d, undecided = (a | b | c | d) & ~all;
      if (undecided == 0 && !pieces_.empty() && pieces_.back().undecided == 0 && pieces_.back().decided == all) continue;
      pieces_.push_back({&cell, all, undecided, size});
      if (undecided != 0) size += rows * pieces_.back().Stride();
    }
    if (patches_.size() < size) patches_.resize(size);
  }

  // In PyTorch's order of operations and without fused multiply-add, as upsampleThresholdPack.
  void Interpolate(const Piece& piece, int64_t firstClass, size_t top, size_t bottom) {
    if (piece.undecided == 0) return;
    const Cell& cell = *piece.cell;
    const size_t stride = piece.Stride();
    uint32_t* const patch = &patches_[piece.patch];
    std::fill(patch, patch + (bottom - top) * stride, piece.decided);
    const size_t first = ys_.low[top] * logits_.width, second = ys_.high[top] * logits_.width;
    for (uint32_t rest = piece.undecided; rest != 0; rest &= rest - 1) {
      const int64_t c = firstClass + __builtin_ctz(rest);
      const uint32_t bit = rest & -rest;
      const float a = logits_.At(first + cell.low, c), b = logits_.At(first + cell.high, c);
      const float d = logits_.At(second + cell.low, c), e = logits_.At(second + cell.high, c);
      const float threshold = logits_.thresholds[c];
      for (size_t x = 0; x < stride; x += kLanes) {
        Floats low, high;
        std::memcpy(&low, &xs_.lowWeight[cell.start + x], sizeof(low));
        std::memcpy(&high, &xs_.highWeight[cell.start + x], sizeof(high));
        const Floats one = a * low + b * high, two = d * low + e * high;
        for (size_t y = top; y < bottom; y++) {
          const auto inside = reinterpret_cast<Words>(one * ys_.lowWeight[y] + two * ys_.highWeight[y] > threshold);
          uint32_t* const pixels = patch + (y - top) * stride + x;
          Words words;
          std::memcpy(&words, pixels, sizeof(words));
          words |= inside & bit;
          std::memcpy(pixels, &words, sizeof(words));
        }
      }
    }
  }

  const Logits logits_;
  Axis xs_;
  const Axis ys_;
  const std::vector<Cell> cells_;
  std::vector<Piece> pieces_;
  std::vector<uint32_t> patches_;
};

// upsampleRle(logits, sourceWidth, sourceHeight, thresholds, width, height, relative, base): what encodeRle makes of the
// rows of what upsampleThresholdPack makes.
Napi::Value UpsampleRle(const Napi::CallbackInfo& info) {
  const LogitsArg source(info);
  const int64_t width = SideArg(info, 4, "width"), height = SideArg(info, 5, "height");
  if (width * height > kMaxPixels) FailRange(info, "width", "more than 2^31 - 1 pixels");
  const PairFormat format = PairFormatArg(info, 6);
  auto texts = std::make_shared<std::vector<std::string>>();
  return AsyncKernel::Run(
      info, source.owners,
      [texts, format, logits = source.logits, width, height]() {
        *texts = format.Texts(RunUpsampler(logits, width, height).Run());
      },
      [texts](Napi::Env env) { return ArrayOf(env, *texts); });
}

}  // namespace

void RegisterUpsampleRuns(Napi::Env env, Napi::Object exports) { Export(env, exports, "upsampleRle", UpsampleRle); }

}  // namespace phalanx
