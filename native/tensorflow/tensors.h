// Tensors by number, and the numbers of results that a queued call has yet to compute.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "handles.h"

namespace phalanx {

struct Metadata {
  TF_DataType type;
  std::vector<int64_t> shape;
};

/// Where a tensor is or will be. A queued call's outputs are slots that its inputs may already name: calls run in
/// the order in which they were queued, so a call finds the slots of earlier ones filled.
class Slot {
 public:
  /// A tensor that exists.
  explicit Slot(TensorHandlePtr handle);
  /// A tensor that is promised; it takes `fallback`'s value when its computation fails.
  Slot(Metadata metadata, std::shared_ptr<Slot> fallback);

  const Metadata& metadata() const { return metadata_; }
  void fill(TensorHandlePtr handle);
  /// Ends the promise without a value, or with the fallback's.
  void abandon(const std::string& reason);
  bool isSettled();
  /// The tensor, waiting for it if need be; throws EngineError when its computation failed.
  std::shared_ptr<TFE_TensorHandle> wait();

 private:
  Metadata metadata_;
  std::mutex mutex_;
  std::condition_variable settledCondition_;
  bool settled_ = false;
  std::string reason_;
  std::shared_ptr<TFE_TensorHandle> handle_;
  std::shared_ptr<Slot> fallback_;
};

/// The live tensors of one JavaScript environment; used on its thread only.
class TensorTable {
 public:
  int32_t add(std::shared_ptr<Slot> slot);
  void remove(int64_t id);
  const std::shared_ptr<Slot>& get(int64_t id) const;
  size_t size() const { return slots_.size(); }
  void clear() { slots_.clear(); }

 private:
  std::unordered_map<int32_t, std::shared_ptr<Slot>> slots_;
  int32_t next_ = 0;
};

/// Copies a typed array into a new tensor; its bytes must be exactly those that shape and type ask for.
TensorPtr newTensor(TF_DataType type, const std::vector<int64_t>& shape, const Napi::Value& data);
TensorHandlePtr newHandle(TF_Tensor* tensor);
TensorPtr resolve(TFE_TensorHandle* handle);
/// Copies a tensor into a new typed array: float32 and complex64 -> Float32Array, int32 -> Int32Array, bool and
/// uint8 -> Uint8Array, int64 -> BigInt64Array.
Napi::Value toTypedArray(Napi::Env env, TF_Tensor* tensor);

TF_DataType readType(const Napi::Value& value);
std::string describe(const Metadata& metadata);
Napi::Object describeToJs(Napi::Env env, double id, const Metadata& metadata);

}  // namespace phalanx
