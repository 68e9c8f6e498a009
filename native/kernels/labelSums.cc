#include "labelSums.h"

#include <algorithm>

namespace phalanx {
namespace {

constexpr int64_t kBitsPerWord = 32;
/// Periods whose sums are taken in floats before they go into doubles.
constexpr int64_t kChunk = 64;

template <typename V>
PHALANX_INLINE V targets(const LabelPattern& pattern, const int32_t* labels, int64_t in) {
  constexpr int64_t count = IntegersOf<V>::count;
  int32_t words[count];
  for (int64_t lane = 0; lane < count; lane++) words[lane] = labels[pattern.word[in + lane]];
  const auto bits = (bitsAs<Integers<V>>(words) >> bitsAs<Integers<V>>(*reinterpret_cast<const int32_t(*)[count]>(
                         pattern.bit.data() + in))) & 1;
  // 1.0f is 127 << 23.
  return bitsAs<V>(bits * (127 << 23));
}

template <typename V>
PHALANX_INLINE void addValue(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t in,
                             float* sums) {
  const V x = load<V>(logits);
  const V z = targets<V>(pattern, labels, in);
  const auto [e, p, q] = logistic(x);
  const V softplus = logOnePlus(e) + (x < 0.0f ? -x : V{});
  const V weight = load<V>(pattern.positiveWeight.data() + in);
  const int64_t n = pattern.channels.values;
  const V terms[kLabelSums] = {(1.0f - z) * (x + softplus) + weight * z * softplus, p * z, p, z};
  for (int64_t k = 0; k < kLabelSums; k++) store(sums + k * n + in, load<V>(sums + k * n + in) + terms[k]);
}

template <typename V>
PHALANX_INLINE void writeGradient(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t in,
                                  const std::vector<float> (&slopes)[3], float* gradient) {
  const V x = load<V>(logits);
  const V z = targets<V>(pattern, labels, in);
  const auto [e, p, q] = logistic(x);
  const V weight = load<V>(pattern.positiveWeight.data() + in);
  const V ofEntropy = load<V>(slopes[0].data() + in) * ((1.0f - z) * p - weight * z * q);
  const V ofOverlap = (load<V>(slopes[1].data() + in) * z + load<V>(slopes[2].data() + in)) * p * q;
  store(gradient, ofEntropy + ofOverlap);
}

PHALANX_INLINE void sumsBody(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels,
                             double* sums) {
  const ChannelPattern& channels = pattern.channels;
  std::vector<float> partial(kLabelSums * channels.values);
  while (pixels > 0) {
    const int64_t count = std::min(pixels, kChunk * channels.rows);
    std::fill(partial.begin(), partial.end(), 0.0f);
    for (int64_t pixel = 0; pixel < count; pixel += channels.rows) {
      const float* x = logits + pixel * channels.channels;
      const int32_t* words = labels + pixel * pattern.planes;
      if (pixel + channels.rows <= count) {
        for (int64_t in = 0; in < channels.values; in += kLanes) {
          addValue<Lanes>(pattern, x + in, words, in, partial.data());
        }
      } else {
        for (int64_t in = 0; in < (count - pixel) * channels.channels; in++) {
          addValue<float>(pattern, x + in, words, in, partial.data());
        }
      }
    }
    for (int64_t k = 0; k < kLabelSums; k++) {
      channels.fold(partial.data() + k * channels.values, sums + k * channels.channels);
    }
    logits += count * channels.channels;
    labels += count * pattern.planes;
    pixels -= count;
  }
}

PHALANX_INLINE void gradientBody(const LabelPattern& pattern, const float* logits, const int32_t* labels,
                                 int64_t pixels, const std::vector<float> (&slopes)[3], float* gradient) {
  const ChannelPattern& channels = pattern.channels;
  for (int64_t pixel = 0; pixel < pixels; pixel += channels.rows) {
    const int64_t at = pixel * channels.channels;
    const int32_t* words = labels + pixel * pattern.planes;
    if (pixel + channels.rows <= pixels) {
      for (int64_t in = 0; in < channels.values; in += kLanes) {
        writeGradient<Lanes>(pattern, logits + at + in, words, in, slopes, gradient + at + in);
      }
    } else {
      for (int64_t in = 0; in < (pixels - pixel) * channels.channels; in++) {
        writeGradient<float>(pattern, logits + at + in, words, in, slopes, gradient + at + in);
      }
    }
  }
}

PHALANX_AVX2 void sumsAvx2(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels,
                           double* sums) {
  sumsBody(pattern, logits, labels, pixels, sums);
}
void sumsPlain(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels, double* sums) {
  sumsBody(pattern, logits, labels, pixels, sums);
}
PHALANX_AVX2 void gradientAvx2(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels,
                               const std::vector<float> (&slopes)[3], float* gradient) {
  gradientBody(pattern, logits, labels, pixels, slopes, gradient);
}
void gradientPlain(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels,
                   const std::vector<float> (&slopes)[3], float* gradient) {
  gradientBody(pattern, logits, labels, pixels, slopes, gradient);
}

}  // namespace

LabelPattern::LabelPattern(int64_t classes, int64_t planeCount, const float* positiveWeights)
    : channels(classes), planes(planeCount), positiveWeight(channels.spread(positiveWeights)) {
  for (int64_t i = 0; i < channels.values; i++) {
    const int64_t pixel = i / classes, c = i % classes;
    word.push_back(static_cast<int32_t>(pixel * planes + c / kBitsPerWord));
    bit.push_back(static_cast<int32_t>(c % kBitsPerWord));
  }
}

void addLabelSums(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels,
                  double* sums) {
  (PHALANX_HAS_AVX2 ? sumsAvx2 : sumsPlain)(pattern, logits, labels, pixels, sums);
}

void labelSumsGradient(const LabelPattern& pattern, const float* logits, const int32_t* labels, int64_t pixels,
                       const std::vector<float> (&slopes)[3], float* gradient) {
  (PHALANX_HAS_AVX2 ? gradientAvx2 : gradientPlain)(pattern, logits, labels, pixels, slopes, gradient);
}

}  // namespace phalanx
