// Owners of TensorFlow's C handles: each is freed when its owner goes, whatever path is taken.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/eager/c_api_experimental.h"

namespace phalanx {

template <auto Free>
struct Freeing {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};

using BufferPtr = std::unique_ptr<TF_Buffer, Freeing<TF_DeleteBuffer>>;
using CancellationManagerPtr =
    std::unique_ptr<TFE_CancellationManager, Freeing<TFE_DeleteCancellationManager>>;
using ContextOptionsPtr = std::unique_ptr<TFE_ContextOptions, Freeing<TFE_DeleteContextOptions>>;
using ContextPtr = std::unique_ptr<TFE_Context, Freeing<TFE_DeleteContext>>;
using FunctionPtr = std::unique_ptr<TF_Function, Freeing<TF_DeleteFunction>>;
using GraphPtr = std::unique_ptr<TF_Graph, Freeing<TF_DeleteGraph>>;
using EagerOpPtr = std::unique_ptr<TFE_Op, Freeing<TFE_DeleteOp>>;
using TensorPtr = std::unique_ptr<TF_Tensor, Freeing<TF_DeleteTensor>>;
using TensorHandlePtr = std::unique_ptr<TFE_TensorHandle, Freeing<TFE_DeleteTensorHandle>>;

/// Anything that goes wrong in the engine; becomes a JavaScript Error at the binding.
class EngineError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A TF_Status for one call or several in a row: `TF_Something(..., status); status.check("what");`
class Status {
 public:
  operator TF_Status*() const { return status_.get(); }
  bool ok() const { return TF_GetCode(status_.get()) == TF_OK; }
  std::string message() const { return TF_Message(status_.get()); }
  void check(const std::string& what) const {
    if (!ok()) throw EngineError(what + ": " + message());
  }

 private:
  std::unique_ptr<TF_Status, Freeing<TF_DeleteStatus>> status_{TF_NewStatus()};
};

}  // namespace phalanx
