// The values of TensorFlow's tensors in the types that lanes.h loads and stores.
#pragma once

#include "lanes.h"
#include "tensorflow/core/framework/bfloat16.h"
#include "tensorflow/core/framework/tensor.h"

namespace phalanx {

template <typename T>
struct Storage {
  using type = T;
};
template <>
struct Storage<Eigen::bfloat16> {
  using type = Bfloat16;
};

template <typename T>
const typename Storage<T>::type* dataOf(const tensorflow::Tensor& tensor) {
  return reinterpret_cast<const typename Storage<T>::type*>(tensor.flat<T>().data());
}

template <typename T>
typename Storage<T>::type* dataOf(tensorflow::Tensor* tensor) {
  return reinterpret_cast<typename Storage<T>::type*>(tensor->flat<T>().data());
}

}  // namespace phalanx
