// Registration of kernels that compute in float32 and in bfloat16.
#pragma once

#include "tensorflow/core/framework/bfloat16.h"
#include "tensorflow/core/framework/op_kernel.h"

#define PHALANX_REGISTER_KERNEL(name, Kernel, T) \
  REGISTER_KERNEL_BUILDER(Name(name).Device(tensorflow::DEVICE_CPU).TypeConstraint<T>("T"), Kernel<T>)

/// `Kernel` is a template of the type "T" of the op `name`.
#define PHALANX_REGISTER_KERNELS(name, Kernel)  \
  PHALANX_REGISTER_KERNEL(name, Kernel, float); \
  PHALANX_REGISTER_KERNEL(name, Kernel, Eigen::bfloat16)
