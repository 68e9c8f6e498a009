// Runs of all classes of a label map in one scan: XOR with the pixel before is zero almost everywhere, and each set bit
// of what is not starts or ends one class's run.
#include "runs.h"

#include "kernel.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace phalanx {
namespace {

class Scanner {
 public:
  explicit Scanner(std::vector<Boundaries>& classes) : classes_(classes) {}

  // The next `count` pixels of one plane, in scan order; `position` is where the first of them is.
  void Scan(const uint32_t* pixels, size_t count, uint32_t position, uint32_t* before, size_t firstClass) {
    if (count == 0) return;
    Change(pixels[0] ^ *before, position, firstClass);
    constexpr size_t kBlock = 32;
    size_t i = 1;
    for (; i + kBlock <= count; i += kBlock) {
      uint32_t any = 0;
      for (size_t j = 0; j < kBlock; j++) any |= pixels[i + j] ^ pixels[i + j - 1];
      if (any == 0) continue;
      for (size_t j = i; j < i + kBlock; j++) Change(pixels[j] ^ pixels[j - 1], position + j, firstClass);
    }
    for (; i < count; i++) Change(pixels[i] ^ pixels[i - 1], position + i, firstClass);
    *before = pixels[count - 1];
  }

  void Change(uint32_t changed, uint32_t position, size_t firstClass) {
    while (changed != 0) {
      const size_t index = firstClass + __builtin_ctz(changed);
      if (index < classes_.size()) classes_[index].push_back(position);
      changed &= changed - 1;
    }
  }

 private:
  std::vector<Boundaries>& classes_;
};

std::string Format(const Boundaries& runs, bool relative, uint32_t base) {
  std::string text;
  // Two numbers of at most ten digits, each with a space.
  text.resize(runs.size() * 11);
  char* next = text.data();
  char* const end = next + text.size();
  uint32_t before = 0;
  for (size_t i = 0; i < runs.size(); i += 2) {
    const uint32_t start = relative ? runs[i] - before : runs[i] + base;
    before = runs[i + 1];
    next = std::to_chars(next, end, start).ptr;
    *next++ = ' ';
    next = std::to_chars(next, end, before - runs[i]).ptr;
    *next++ = ' ';
  }
  text.resize(runs.empty() ? 0 : next - text.data() - 1);
  return text;
}

// planes, width, height, classes, columnMajor
LabelScan ScanArgs(const Napi::CallbackInfo& info, std::vector<Napi::Object>& owners) {
  LabelScan input;
  input.width = SideArg(info, 1, "width");
  input.height = SideArg(info, 2, "height");
  Planes planes = PlanesArg(info, 0, "planes", static_cast<int64_t>(input.width * input.height));
  input.planes = std::move(planes.data);
  owners = std::move(planes.owners);
  input.classes = IntegerArg(info, 3, "classes", 0, static_cast<int64_t>(input.planes.size()) * 32);
  input.columnMajor = BooleanArg(info, 4, "columnMajor");
  return input;
}

// labelRuns(planes, width, height, classes, columnMajor): resolves with one Uint32Array of boundaries per class.
Napi::Value LabelRuns(const Napi::CallbackInfo& info) {
  std::vector<Napi::Object> owners;
  const LabelScan input = ScanArgs(info, owners);
  auto runs = std::make_shared<std::vector<Boundaries>>();
  return AsyncKernel::Run(
      info, owners, [runs, input]() { *runs = input.FindRuns(); },
      [runs](Napi::Env env) -> Napi::Value {
        Napi::Array result = Napi::Array::New(env, runs->size());
        for (size_t c = 0; c < runs->size(); c++) {
          const Boundaries& boundaries = (*runs)[c];
          Napi::Uint32Array array = Napi::Uint32Array::New(env, boundaries.size());
          std::copy(boundaries.begin(), boundaries.end(), array.Data());
          result.Set(static_cast<uint32_t>(c), array);
        }
        return result;
      });
}

// encodeRle(planes, width, height, classes, columnMajor, relative, base): resolves with one string per class, "start
// length" pairs separated by single spaces, '' for an empty class.
Napi::Value EncodeRle(const Napi::CallbackInfo& info) {
  std::vector<Napi::Object> owners;
  const LabelScan input = ScanArgs(info, owners);
  const bool relative = BooleanArg(info, 5, "relative");
  const auto base = static_cast<uint32_t>(IntegerArg(info, 6, "base", 0, 1));
  auto texts = std::make_shared<std::vector<std::string>>();
  return AsyncKernel::Run(
      info, owners,
      [texts, input, relative, base]() {
        for (const Boundaries& runs : input.FindRuns()) texts->push_back(Format(runs, relative, base));
      },
      [texts](Napi::Env env) -> Napi::Value {
        Napi::Array result = Napi::Array::New(env, texts->size());
        for (size_t c = 0; c < texts->size(); c++) {
          result.Set(static_cast<uint32_t>(c), Napi::String::New(env, (*texts)[c]));
        }
        return result;
      });
}

}  // namespace

std::vector<Boundaries> LabelScan::FindRuns() const {
  std::vector<Boundaries> runs(classes);
  Scanner scanner(runs);
  const auto pixels = static_cast<uint32_t>(width * height);
  // Columns are read sixteen at a time, a cache line of each row, and laid out as the scan wants them. A stride that is
  // no power of two keeps the sixteen out of each other's cache sets.
  constexpr size_t kStrip = 16;
  const size_t stride = height + kStrip;
  std::vector<uint32_t> strip(columnMajor ? kStrip * stride : 0);
  for (size_t p = 0; p < planes.size(); p++) {
    uint32_t before = 0;
    if (columnMajor) {
      for (size_t x0 = 0; x0 < width; x0 += kStrip) {
        const size_t columns = std::min(kStrip, width - x0);
        for (size_t y = 0; y < height; y++) {
          const uint32_t* row = planes[p] + y * width + x0;
          for (size_t x = 0; x < columns; x++) strip[x * stride + y] = row[x];
        }
        for (size_t x = 0; x < columns; x++) {
          const auto position = static_cast<uint32_t>((x0 + x) * height);
          scanner.Scan(strip.data() + x * stride, height, position, &before, p * 32);
        }
      }
    } else {
      scanner.Scan(planes[p], pixels, 0, &before, p * 32);
    }
    scanner.Change(before, pixels, p * 32);
  }
  return runs;
}

void RegisterRuns(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "labelRuns", LabelRuns);
  Export(env, exports, "encodeRle", EncodeRle);
}

}  // namespace phalanx
