// Runs of all classes of a label map in one scan: XOR with the pixel before is zero almost everywhere, and each set bit
// of what is not starts or ends one class's run.
#include "runs.h"

#include "vectorized.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace phalanx {
namespace {

constexpr size_t kBlock = 64, kGroup = 16;

// From `from` on in whole blocks: where the first begins that has a difference, or where no whole block is left.
VECTORIZED size_t SkipEqual(const uint32_t* now, const uint32_t* before, size_t from, size_t count) {
  typedef uint64_t Lanes __attribute__((vector_size(32)));
  size_t i = from;
  for (; i + kBlock <= count; i += kBlock) {
    Lanes any = {};
    for (size_t j = i; j < i + kBlock; j += sizeof(Lanes) / sizeof(uint32_t)) {
      Lanes a, b;
      std::memcpy(&a, now + j, sizeof(Lanes));
      std::memcpy(&b, before + j, sizeof(Lanes));
      any |= a ^ b;
    }
    if ((any[0] | any[1] | any[2] | any[3]) != 0) break;
  }
  return i;
}

// Bit j: pixel j of a group differs.
inline uint32_t Differences(const uint32_t* now, const uint32_t* before) {
#if defined(__x86_64__)
  const auto equal = [&](int k) {
    return _mm_cmpeq_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(now) + k),
                           _mm_loadu_si128(reinterpret_cast<const __m128i*>(before) + k));
  };
  const __m128i bytes =
      _mm_packs_epi16(_mm_packs_epi32(equal(0), equal(1)), _mm_packs_epi32(equal(2), equal(3)));
  return static_cast<uint32_t>(_mm_movemask_epi8(bytes)) ^ 0xffffu;
#else
  uint32_t mask = 0;
  for (size_t j = 0; j < kGroup; j++) mask |= static_cast<uint32_t>(now[j] != before[j]) << j;
  return mask;
#endif
}

// Calls `visit` with the index of every pixel that differs from its counterpart in `before`.
template <typename Visit>
void ForEachDifference(const uint32_t* now, const uint32_t* before, size_t count, const Visit& visit) {
  size_t i = 0;
  for (; (i = SkipEqual(now, before, i, count)) + kBlock <= count; i += kBlock) {
    for (size_t j = i; j < i + kBlock; j += kGroup) {
      for (uint32_t rest = Differences(now + j, before + j); rest != 0; rest &= rest - 1) {
        visit(j + __builtin_ctz(rest));
      }
    }
  }
  for (; i < count; i++) {
    if (now[i] != before[i]) visit(i);
  }
}

void ScanRows(const uint32_t* pixels, size_t count, size_t firstClass, RunCollector& found) {
  found.Change(pixels[0], 0, firstClass);
  ForEachDifference(pixels + 1, pixels, count - 1, [&](size_t i) {
    found.Change(pixels[i + 1] ^ pixels[i], static_cast<uint32_t>(i + 1), firstClass);
  });
  found.Change(pixels[count - 1], static_cast<uint32_t>(count), firstClass);
}

// A pixel that differs from the one above it.
struct Step {
  uint32_t column, row, changed;
};

// Rows are compared with the rows above them, and only what differs is put in the order of columns. In strips, so that
// of noise not too much is kept.
void ScanColumns(const uint32_t* pixels, size_t width, size_t height, size_t firstClass, RunCollector& found) {
  constexpr size_t kStrip = 512;
  std::vector<Step> steps, sorted;
  uint32_t before = 0;
  for (size_t left = 0; left < width; left += kStrip) {
    const size_t columns = std::min(kStrip, width - left);
    steps.clear();
    size_t ends[kStrip + 1] = {};
    for (size_t y = 1; y < height; y++) {
      const uint32_t *row = pixels + y * width + left, *above = row - width;
      ForEachDifference(row, above, columns, [&](size_t x) {
        steps.push_back({static_cast<uint32_t>(x), static_cast<uint32_t>(y), row[x] ^ above[x]});
        ends[x + 1]++;
      });
    }
    for (size_t x = 0; x < columns; x++) ends[x + 1] += ends[x];
    sorted.resize(steps.size());
    for (const Step& step : steps) sorted[ends[step.column]++] = step;
    // Now ends[x] is where the steps of column x end.
    for (size_t x = 0, next = 0; x < columns; x++) {
      const auto top = static_cast<uint32_t>((left + x) * height);
      found.Change(pixels[left + x] ^ before, top, firstClass);
      for (; next < ends[x]; next++) found.Change(sorted[next].changed, top + sorted[next].row, firstClass);
      before = pixels[(height - 1) * width + left + x];
    }
  }
  found.Change(before, static_cast<uint32_t>(width * height), firstClass);
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

// encodeRle(planes, width, height, classes, columnMajor, relative, base): resolves with one string per class.
Napi::Value EncodeRle(const Napi::CallbackInfo& info) {
  std::vector<Napi::Object> owners;
  const LabelScan input = ScanArgs(info, owners);
  const PairFormat format = PairFormatArg(info, 5);
  auto texts = std::make_shared<std::vector<std::string>>();
  return AsyncKernel::Run(
      info, owners, [texts, input, format]() { *texts = format.Texts(input.FindRuns()); },
      [texts](Napi::Env env) { return ArrayOf(env, *texts); });
}

}  // namespace

std::vector<Boundaries> LabelScan::FindRuns() const {
  RunCollector found(classes);
  for (size_t p = 0; p < planes.size(); p++) {
    if (columnMajor) {
      ScanColumns(planes[p], width, height, p * 32, found);
    } else {
      ScanRows(planes[p], width * height, p * 32, found);
    }
  }
  return found.Take();
}

std::string PairFormat::Text(const Boundaries& runs) const {
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

std::vector<std::string> PairFormat::Texts(const std::vector<Boundaries>& classes) const {
  std::vector<std::string> texts;
  for (const Boundaries& runs : classes) texts.push_back(Text(runs));
  return texts;
}

PairFormat PairFormatArg(const Napi::CallbackInfo& info, size_t index) {
  return {BooleanArg(info, index, "relative"), static_cast<uint32_t>(IntegerArg(info, index + 1, "base", 0, 1))};
}

Napi::Value ArrayOf(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array result = Napi::Array::New(env, texts.size());
  for (size_t c = 0; c < texts.size(); c++) result.Set(static_cast<uint32_t>(c), Napi::String::New(env, texts[c]));
  return result;
}

void RegisterRuns(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "labelRuns", LabelRuns);
  Export(env, exports, "encodeRle", EncodeRle);
}

}  // namespace phalanx
