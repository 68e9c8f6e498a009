// Hard Dice of many weighted means of the same logits: what src/inference/search looks for weights and thresholds with.
// Logits are the logit store's bytes; the tables that give them values come from there. The TypeScript twins are in
// src/inference/search/plain/.
#include "axis.h"
#include "kernel.h"

#include <algorithm>
#include <memory>

namespace phalanx {
namespace {

constexpr float kCellsPerUnit = 1024;

// sampleCodes(logits, height, width, classes, imageHeight, imageWidth, stride, encoding): interpolates logits [height,
// width, classes] to every `stride`-th pixel of the image, from stride / 2 on in both directions; resolves with their
// stored bytes, a Uint8Array [classes, rows, columns].
Napi::Value SampleCodes(const Napi::CallbackInfo& info) {
  const int64_t height = SideArg(info, 1, "height"), width = SideArg(info, 2, "width");
  const int64_t classes = IntegerArg(info, 3, "classes", 1, kMaxSide);
  const int64_t imageHeight = SideArg(info, 4, "imageHeight"), imageWidth = SideArg(info, 5, "imageWidth");
  const int64_t stride = IntegerArg(info, 6, "stride", 1, kMaxSide), first = stride / 2;
  if (first >= imageHeight || first >= imageWidth) FailRange(info, "stride", "larger than the image");
  const auto logits = SpanArg<float>(info, 0, "logits", height * width * classes);
  const auto encoding = SpanArg<uint8_t>(info, 7, "encoding");
  if (encoding.length == 0) FailRange(info, "encoding", "expected at least one cell");
  const int64_t rows = (imageHeight - first + stride - 1) / stride;
  const int64_t columns = (imageWidth - first + stride - 1) / stride;
  if (rows * columns * classes > kMaxPixels) FailRange(info, "stride", "too many samples");
  auto target = NewArray<Napi::Uint8Array>(info, rows * columns * classes);
  return AsyncKernel::Run(info, {target, logits.owner, encoding.owner}, [=, codes = target.Data()]() {
    const Axis across(imageWidth, width), down(imageHeight, height);
    const float reach = static_cast<float>(encoding.length) / 2 / kCellsPerUnit;
    const float last = static_cast<float>(encoding.length - 1);
    const int64_t row = width * classes;
    for (int64_t y = 0; y < rows; y++) {
      const int64_t v = first + y * stride;
      const float above = down.lowWeight[v], below = down.highWeight[v];
      for (int64_t x = 0; x < columns; x++) {
        const int64_t h = first + x * stride;
        const float before = across.lowWeight[h], after = across.highWeight[h];
        const float* corner[4] = {logits.data + down.low[v] * row + across.low[h] * classes,
                                  logits.data + down.low[v] * row + across.high[h] * classes,
                                  logits.data + down.high[v] * row + across.low[h] * classes,
                                  logits.data + down.high[v] * row + across.high[h] * classes};
        for (int64_t c = 0; c < classes; c++) {
          const float top = before * corner[0][c] + after * corner[1][c];
          const float bottom = before * corner[2][c] + after * corner[3][c];
          const float cell = (above * top + below * bottom + reach) * kCellsPerUnit;
          codes[(c * rows + y) * columns + x] =
              encoding[static_cast<int32_t>(cell > 0 ? (cell < last ? cell : last) : 0)];
        }
      }
    }
  });
}

// One class of one image: its counts, and the pixels that the members do not agree on.
struct Disputed {
  double counts[4] = {0, 0, 0, 0};  // labelled; of the decided ones: predicted, both; disputed
  std::vector<uint8_t> codes;       // [members, pixels]
  std::vector<uint8_t> labelled;    // [pixels]
};

// Pixels that at least one member puts above `low` and at least one at or below `high`; the weighted mean of all others
// is on one side of every threshold from `low` to `high`, whatever the weights. Of more than `limit` of them evenly
// spread ones are kept.
Disputed Dispute(const std::vector<Span<uint8_t>>& members, const uint32_t* plane, uint32_t bit, int64_t from,
                 int64_t rows, int64_t columns, int64_t width, int64_t stride, uint8_t low, uint8_t high, size_t limit) {
  Disputed result;
  std::vector<int64_t> disputed;
  std::vector<uint8_t> labelled;
  for (int64_t y = 0, i = 0; y < rows; y++) {
    const uint32_t* pixels = plane + (stride / 2 + y * stride) * width + stride / 2;
    for (int64_t x = 0; x < columns; x++, i++) {
      uint8_t least = 255, most = 0;
      for (const auto& member : members) {
        least = std::min(least, member[from + i]);
        most = std::max(most, member[from + i]);
      }
      const bool inside = (pixels[x * stride] & bit) != 0;
      result.counts[0] += inside;
      if (least > high) {
        result.counts[1]++;
        result.counts[2] += inside;
      } else if (most > low) {
        disputed.push_back(i);
        labelled.push_back(inside);
      }
    }
  }
  result.counts[3] = static_cast<double>(disputed.size());
  const size_t kept = std::min(disputed.size(), limit);
  result.codes.resize(members.size() * kept);
  result.labelled.resize(kept);
  for (size_t i = 0; i < kept; i++) {
    const size_t at = i * disputed.size() / kept;
    result.labelled[i] = labelled[at];
    for (size_t m = 0; m < members.size(); m++) result.codes[m * kept + i] = members[m][from + disputed[at]];
  }
  return result;
}

Napi::Uint8Array Bytes(Napi::Env env, const std::vector<uint8_t>& bytes) {
  auto array = Napi::Uint8Array::New(env, bytes.size());
  std::copy(bytes.begin(), bytes.end(), array.Data());
  return array;
}

// disputedPixels(members, planes, width, height, classes, stride, low, high, limit): `members` are what sampleCodes
// gives of one image, `planes` its label map; resolves with [counts, codes, labelled] per class.
Napi::Value DisputedPixels(const Napi::CallbackInfo& info) {
  const int64_t width = SideArg(info, 2, "width"), height = SideArg(info, 3, "height");
  const int64_t classes = IntegerArg(info, 4, "classes", 1, kMaxSide);
  const int64_t stride = IntegerArg(info, 5, "stride", 1, kMaxSide), first = stride / 2;
  if (first >= height || first >= width) FailRange(info, "stride", "larger than the image");
  const int64_t rows = (height - first + stride - 1) / stride, columns = (width - first + stride - 1) / stride;
  const auto members = SpansArg<uint8_t>(info, 0, "members", kAnyLength, rows * columns * classes);
  if (members.empty()) FailRange(info, "members", "expected at least one");
  const Planes planes = PlanesArg(info, 1, "planes", width * height);
  if (static_cast<int64_t>(planes.data.size()) != (classes + 31) / 32) FailRange(info, "planes", "of other classes");
  const auto low = static_cast<uint8_t>(IntegerArg(info, 6, "low", 0, 255));
  const auto high = static_cast<uint8_t>(IntegerArg(info, 7, "high", low, 255));
  const auto limit = static_cast<size_t>(IntegerArg(info, 8, "limit", 1, kMaxPixels));
  std::vector<Napi::Object> keep = planes.owners;
  for (const auto& member : members) keep.push_back(member.owner);
  auto results = std::make_shared<std::vector<Disputed>>();
  return AsyncKernel::Run(
      info, keep,
      [=, data = planes.data]() {
        for (int64_t c = 0; c < classes; c++) {
          results->push_back(Dispute(members, data[c >> 5], uint32_t{1} << (c & 31), c * rows * columns, rows, columns,
                                     width, stride, low, high, limit));
        }
      },
      [results](Napi::Env env) -> Napi::Value {
        Napi::Array all = Napi::Array::New(env, results->size());
        for (size_t c = 0; c < results->size(); c++) {
          const Disputed& one = (*results)[c];
          auto counts = Napi::Float64Array::New(env, 4);
          std::copy(one.counts, one.counts + 4, counts.Data());
          Napi::Array parts = Napi::Array::New(env, 3);
          parts.Set(0u, counts);
          parts.Set(1u, Bytes(env, one.codes));
          parts.Set(2u, Bytes(env, one.labelled));
          all.Set(static_cast<uint32_t>(c), parts);
        }
        return all;
      });
}

// sweepMeans(codes, labelled, starts, values, weights, candidates, thresholds, images): `codes` [members, pixels] and
// `labelled` [pixels] of one class, image i having those from starts[i] to starts[i + 1]; `values` [256] of the codes;
// `weights` [candidates, members]; `thresholds` ascend. Resolves with a Float64Array [candidates, images, thresholds, 2]:
// pixels of each of `images` whose weighted sum is above the threshold, and those of them that are labelled.
Napi::Value SweepMeans(const Napi::CallbackInfo& info) {
  const auto labelled = SpanArg<uint8_t>(info, 1, "labelled");
  const size_t pixels = labelled.length;
  const auto starts = SpanArg<uint32_t>(info, 2, "starts");
  const auto values = SpanArg<float>(info, 3, "values", 256);
  const auto candidates = static_cast<size_t>(IntegerArg(info, 5, "candidates", 1, kMaxPixels));
  const auto weights = SpanArg<float>(info, 4, "weights");
  const auto members = weights.length / candidates;
  if (members == 0 || members * candidates != weights.length) FailRange(info, "weights", "not [candidates, members]");
  const auto codes = SpanArg<uint8_t>(info, 0, "codes", static_cast<int64_t>(members * pixels));
  const auto thresholds = SpanArg<float>(info, 6, "thresholds");
  const auto images = SpanArg<uint32_t>(info, 7, "images");
  for (const uint32_t image : std::vector<uint32_t>(images.data, images.data + images.length)) {
    if (image + size_t{1} >= starts.length || starts[image] > starts[image + 1] || starts[image + 1] > pixels) {
      FailRange(info, "images", "one whose pixels are not there");
    }
  }
  const size_t cuts = thresholds.length;
  auto target = NewArray<Napi::Float64Array>(info, candidates * images.length * cuts * 2);
  const std::vector<Napi::Object> keep = {target,        codes.owner,   labelled.owner,   starts.owner,
                                          values.owner,  weights.owner, thresholds.owner, images.owner};
  return AsyncKernel::Run(info, keep, [=, out = target.Data()]() {
    constexpr size_t kStretch = 1024;
    std::vector<float> tables(members * 256), sums(kStretch);
    std::vector<double> above(2 * (cuts + 1));
    for (size_t k = 0; k < candidates; k++) {
      for (size_t m = 0; m < members; m++) {
        for (size_t code = 0; code < 256; code++) tables[m * 256 + code] = values[code] * weights[k * members + m];
      }
      for (size_t i = 0; i < images.length; i++) {
        std::fill(above.begin(), above.end(), 0);
        const size_t end = starts[images[i] + 1];
        for (size_t from = starts[images[i]]; from < end; from += kStretch) {
          const size_t count = std::min(kStretch, end - from);
          std::fill(sums.begin(), sums.begin() + count, 0.0f);
          for (size_t m = 0; m < members; m++) {
            if (weights[k * members + m] == 0) continue;
            const float* table = tables.data() + m * 256;
            const uint8_t* of = codes.data + m * pixels + from;
            for (size_t j = 0; j < count; j++) sums[j] += table[of[j]];
          }
          for (size_t j = 0; j < count; j++) {
            // How many thresholds the sum is above.
            size_t passed = cuts == 1 ? sums[j] > thresholds[0]
                                      : std::lower_bound(thresholds.data, thresholds.data + cuts, sums[j]) -
                                            thresholds.data;
            above[2 * passed]++;
            above[2 * passed + 1] += labelled[from + j];
          }
        }
        double* counts = out + (k * images.length + i) * cuts * 2;
        double predicted = 0, both = 0;
        for (size_t cut = cuts; cut > 0; cut--) {
          counts[2 * cut - 2] = predicted += above[2 * cut];
          counts[2 * cut - 1] = both += above[2 * cut + 1];
        }
      }
    }
  });
}

}  // namespace

void RegisterSearch(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "sampleCodes", SampleCodes);
  Export(env, exports, "disputedPixels", DisputedPixels);
  Export(env, exports, "sweepMeans", SweepMeans);
}

}  // namespace phalanx
