#include "batchNorm.h"

#include <algorithm>

namespace phalanx {
namespace {

#define LAMBDA __attribute__((always_inline))

/// Bytes that stay in a near cache between two looks at them, and the most rows that a lane adds up in float.
constexpr int64_t kChunkBytes = 64 << 10;
constexpr int64_t kChunkRows = 1024;

template <typename T>
int64_t chunkRows(const ChannelPattern& pattern) {
  const int64_t fitting = kChunkBytes / static_cast<int64_t>(sizeof(T)) / pattern.values * pattern.rows;
  return std::clamp(fitting, 16 * pattern.rows, kChunkRows);
}

template <Activation activation, typename V>
PHALANX_INLINE V activate(V v) {
  if constexpr (activation == Activation::kRelu) return v < 0.0f ? V{} : v;  // NaN stays NaN.
  if constexpr (activation == Activation::kRelu6) return v < 0.0f ? V{} : v > 6.0f ? V{} + 6.0f : v;
  if constexpr (activation == Activation::kSilu) return v * sigmoid(v);
  return v;
}

/// The gradient before the activation, from that behind it and the activation's input.
template <Activation activation, typename V>
PHALANX_INLINE V activationGradient(V dy, V v) {
  if constexpr (activation == Activation::kRelu) return v > 0.0f ? dy : V{};
  if constexpr (activation == Activation::kRelu6) return (v > 0.0f) & (v < 6.0f) ? dy : V{};
  if constexpr (activation == Activation::kSilu) {
    const V s = sigmoid(v);
    return dy * s * (1.0f + v * (1.0f - s));
  }
  return dy;
}

template <typename V>
PHALANX_INLINE V normalized(const Normalization& of, V x, int64_t in) {
  return (x - load<V>(&of.mean[in])) * load<V>(&of.slope[in]) + load<V>(&of.offset[in]);
}

template <typename V>
PHALANX_INLINE void accumulate(float* sum, V value) {
  store(sum, load<V>(sum) + value);
}

template <typename T>
PHALANX_INLINE void momentsBody(const ChannelPattern& pattern, const T* x, int64_t rows, Moments& moments) {
  const int64_t channels = pattern.channels;
  std::vector<float> sums(pattern.values), squares(pattern.values), mean;
  std::vector<float> means(channels);
  while (rows > 0) {
    const int64_t count = std::min(rows, chunkRows<T>(pattern));
    std::fill(sums.begin(), sums.end(), 0.0f);
    std::fill(squares.begin(), squares.end(), 0.0f);
    float* sum = sums.data();
    pattern.walk(
        count, [&](int64_t at, int64_t in) LAMBDA { accumulate(sum + in, load<Lanes>(x + at)); },
        [&](int64_t at, int64_t in) LAMBDA { accumulate(sum + in, load<float>(x + at)); });
    Moments chunk(channels);
    chunk.rows = count;
    pattern.fold(sum, chunk.mean.data());
    for (int64_t c = 0; c < channels; c++) {
      means[c] = static_cast<float>(chunk.mean[c] / count);
      chunk.mean[c] = means[c];
    }
    mean = pattern.spread(means.data());
    const float* center = mean.data();
    float* square = squares.data();
    const auto add = [&](auto value, int64_t in) LAMBDA {
      const auto distance = value - load<decltype(value)>(center + in);
      accumulate(square + in, distance * distance);
    };
    pattern.walk(
        count, [&](int64_t at, int64_t in) LAMBDA { add(load<Lanes>(x + at), in); },
        [&](int64_t at, int64_t in) LAMBDA { add(load<float>(x + at), in); });
    pattern.fold(square, chunk.squares.data());
    moments.add(chunk);
    x += count * channels;
    rows -= count;
  }
}

template <Activation activation, bool withResidual, typename T>
PHALANX_INLINE void normalizeBody(const ChannelPattern& pattern, const Normalization& of, const T* x, const T* residual,
                                  T* y, int64_t rows) {
  const auto write = [&](auto value, int64_t at, int64_t in) LAMBDA {
    using V = decltype(value);
    V v = normalized(of, value, in);
    if constexpr (withResidual) v += load<V>(residual + at);
    store(y + at, activate<activation>(v));
  };
  pattern.walk(
      rows, [&](int64_t at, int64_t in) LAMBDA { write(load<Lanes>(x + at), at, in); },
      [&](int64_t at, int64_t in) LAMBDA { write(load<float>(x + at), at, in); });
}

template <Activation activation, bool masked, typename T>
PHALANX_INLINE void gradientSumsBody(const ChannelPattern& pattern, const Normalization& of, const T* dy, const T* x,
                                     const T* y, T* dresidual, int64_t rows, GradientSums& total) {
  std::vector<float> gradients(pattern.values), products(pattern.values);
  while (rows > 0) {
    const int64_t count = std::min(rows, chunkRows<T>(pattern));
    std::fill(gradients.begin(), gradients.end(), 0.0f);
    std::fill(products.begin(), products.end(), 0.0f);
    float *gradient = gradients.data(), *product = products.data();
    const auto add = [&](auto value, int64_t at, int64_t in) LAMBDA {
      using V = decltype(value);
      V g = load<V>(dy + at);
      if constexpr (masked) {
        g = activationGradient<activation>(g, load<V>(y + at));
        store(dresidual + at, g);
      } else if constexpr (activation != Activation::kNone) {
        g = activationGradient<activation>(g, normalized(of, value, in));
      }
      accumulate(gradient + in, g);
      accumulate(product + in, g * (value - load<V>(&of.mean[in])));
    };
    pattern.walk(
        count, [&](int64_t at, int64_t in) LAMBDA { add(load<Lanes>(x + at), at, in); },
        [&](int64_t at, int64_t in) LAMBDA { add(load<float>(x + at), at, in); });
    pattern.fold(gradient, total.gradient.data());
    pattern.fold(product, total.product.data());
    const int64_t values = count * pattern.channels;
    dy += values;
    x += values;
    if constexpr (masked) {
      y += values;
      dresidual += values;
    }
    rows -= count;
  }
}

template <Activation activation, typename T>
PHALANX_INLINE void inputGradientBody(const ChannelPattern& pattern, const Normalization& of,
                                      const InputGradient& gradient, const T* dy, const T* x, T* dx, int64_t rows) {
  const auto write = [&](auto value, int64_t at, int64_t in) LAMBDA {
    using V = decltype(value);
    V g = load<V>(dy + at);
    if constexpr (activation != Activation::kNone) g = activationGradient<activation>(g, normalized(of, value, in));
    const V distance = value - load<V>(&of.mean[in]);
    store(dx + at, load<V>(&of.slope[in]) * g +
                       (distance * load<V>(&gradient.product[in]) + load<V>(&gradient.constant[in])));
  };
  pattern.walk(
      rows, [&](int64_t at, int64_t in) LAMBDA { write(load<Lanes>(x + at), at, in); },
      [&](int64_t at, int64_t in) LAMBDA { write(load<float>(x + at), at, in); });
}

/// Defines `name` twice, for processors with AVX2 and without, and `name##Of` that tells which to call.
#define FOR_EACH_PROCESSOR(name, parameters, ...)                    \
  template <Activation activation, bool flag, typename T>            \
  PHALANX_AVX2 void name##Avx2 parameters {                          \
    __VA_ARGS__;                                                     \
  }                                                                  \
  template <Activation activation, bool flag, typename T>            \
  void name##Plain parameters {                                      \
    __VA_ARGS__;                                                     \
  }                                                                  \
  template <Activation activation, bool flag, typename T>            \
  auto name##Of() {                                                  \
    return PHALANX_HAS_AVX2 ? name##Avx2<activation, flag, T> : name##Plain<activation, flag, T>; \
  }

FOR_EACH_PROCESSOR(moments, (const ChannelPattern& pattern, const T* x, int64_t rows, Moments& result),
                   momentsBody(pattern, x, rows, result))
FOR_EACH_PROCESSOR(normalize,
                   (const ChannelPattern& pattern, const Normalization& of, const T* x, const T* residual, T* y,
                    int64_t rows),
                   normalizeBody<activation, flag>(pattern, of, x, residual, y, rows))
FOR_EACH_PROCESSOR(gradientSums,
                   (const ChannelPattern& pattern, const Normalization& of, const T* dy, const T* x, const T* y,
                    T* dresidual, int64_t rows, GradientSums& sums),
                   gradientSumsBody<activation, flag>(pattern, of, dy, x, y, dresidual, rows, sums))
FOR_EACH_PROCESSOR(inputGradient,
                   (const ChannelPattern& pattern, const Normalization& of, const InputGradient& gradient, const T* dy,
                    const T* x, T* dx, int64_t rows),
                   inputGradientBody<activation>(pattern, of, gradient, dy, x, dx, rows))

}  // namespace

void Moments::add(const Moments& other) {
  // Chan, Golub and LeVeque 1979.
  const double all = static_cast<double>(rows + other.rows);
  const double share = other.rows / all, cross = rows * share;
  for (size_t c = 0; c < mean.size(); c++) {
    const double distance = other.mean[c] - mean[c];
    mean[c] += distance * share;
    squares[c] += other.squares[c] + distance * distance * cross;
  }
  rows += other.rows;
}

template <typename T>
void addMoments(const ChannelPattern& pattern, const T* x, int64_t rows, Moments& moments) {
  momentsOf<Activation::kNone, false, T>()(pattern, x, rows, moments);
}

template <typename T>
void normalize(const ChannelPattern& pattern, const Normalization& of, Activation activation, const T* x,
               const T* residual, T* y, int64_t rows) {
  const auto call = [&](auto kernel) { kernel(pattern, of, x, residual, y, rows); };
  const bool adds = residual != nullptr;
  switch (activation) {
    case Activation::kNone:
      return call(adds ? normalizeOf<Activation::kNone, true, T>() : normalizeOf<Activation::kNone, false, T>());
    case Activation::kRelu:
      return call(adds ? normalizeOf<Activation::kRelu, true, T>() : normalizeOf<Activation::kRelu, false, T>());
    case Activation::kRelu6:
      return call(adds ? normalizeOf<Activation::kRelu6, true, T>() : normalizeOf<Activation::kRelu6, false, T>());
    case Activation::kSilu:
      return call(adds ? normalizeOf<Activation::kSilu, true, T>() : normalizeOf<Activation::kSilu, false, T>());
  }
}

template <typename T>
void addGradientSums(const ChannelPattern& pattern, const Normalization& of, Activation activation, const T* dy,
                     const T* x, const T* y, T* dresidual, int64_t rows, GradientSums& sums) {
  const auto call = [&](auto kernel) { kernel(pattern, of, dy, x, y, dresidual, rows, sums); };
  if (y != nullptr) return call(gradientSumsOf<Activation::kRelu, true, T>());
  switch (activation) {
    case Activation::kNone:
      return call(gradientSumsOf<Activation::kNone, false, T>());
    case Activation::kRelu:
      return call(gradientSumsOf<Activation::kRelu, false, T>());
    case Activation::kRelu6:
      return call(gradientSumsOf<Activation::kRelu6, false, T>());
    case Activation::kSilu:
      return call(gradientSumsOf<Activation::kSilu, false, T>());
  }
}

template <typename T>
void inputGradient(const ChannelPattern& pattern, const Normalization& of, const InputGradient& gradient,
                   Activation activation, const T* dy, const T* x, T* dx, int64_t rows) {
  const auto call = [&](auto kernel) { kernel(pattern, of, gradient, dy, x, dx, rows); };
  switch (activation) {
    case Activation::kNone:
      return call(inputGradientOf<Activation::kNone, false, T>());
    case Activation::kRelu:
      return call(inputGradientOf<Activation::kRelu, false, T>());
    case Activation::kRelu6:
      return call(inputGradientOf<Activation::kRelu6, false, T>());
    case Activation::kSilu:
      return call(inputGradientOf<Activation::kSilu, false, T>());
  }
}

#define FOR_TYPE(T)                                                                                                \
  template void addMoments(const ChannelPattern&, const T*, int64_t, Moments&);                                    \
  template void normalize(const ChannelPattern&, const Normalization&, Activation, const T*, const T*, T*, int64_t); \
  template void addGradientSums(const ChannelPattern&, const Normalization&, Activation, const T*, const T*,       \
                                const T*, T*, int64_t, GradientSums&);                                             \
  template void inputGradient(const ChannelPattern&, const Normalization&, const InputGradient&, Activation,       \
                              const T*, const T*, T*, int64_t);
FOR_TYPE(float)
FOR_TYPE(Bfloat16)

}  // namespace phalanx
