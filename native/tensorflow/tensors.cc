#include "tensors.h"

#include <algorithm>
#include <cstring>

#include "attributes.h"

namespace phalanx {

Slot::Slot(TensorHandlePtr handle) {
  Status status;
  metadata_.type = TFE_TensorHandleDataType(handle.get());
  const int rank = TFE_TensorHandleNumDims(handle.get(), status);
  status.check("rank of a tensor");
  for (int i = 0; i < rank; i++) {
    metadata_.shape.push_back(TFE_TensorHandleDim(handle.get(), i, status));
    status.check("shape of a tensor");
  }
  handle_ = std::move(handle);
  settled_ = true;
}

Slot::Slot(Metadata metadata, std::shared_ptr<Slot> fallback)
    : metadata_(std::move(metadata)), fallback_(std::move(fallback)) {}

void Slot::fill(TensorHandlePtr handle) {
  std::shared_ptr<Slot> released;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    handle_ = std::move(handle);
    settled_ = true;
    released.swap(fallback_);
  }
  settledCondition_.notify_all();
}

void Slot::abandon(const std::string& reason) {
  std::shared_ptr<Slot> released;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (settled_) return;
    reason_ = reason;
    if (fallback_ != nullptr && fallback_->isSettled()) handle_ = fallback_->handle_;
    settled_ = true;
    released.swap(fallback_);
  }
  settledCondition_.notify_all();
}

bool Slot::isSettled() {
  std::lock_guard<std::mutex> lock(mutex_);
  return settled_;
}

std::shared_ptr<TFE_TensorHandle> Slot::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  settledCondition_.wait(lock, [this] { return settled_; });
  if (handle_ == nullptr) throw EngineError("the tensor was never computed, because " + reason_);
  return handle_;
}

int32_t TensorTable::add(std::shared_ptr<Slot> slot) {
  while (slots_.count(next_) > 0) next_ = next_ == INT32_MAX ? 0 : next_ + 1;
  const int32_t id = next_;
  next_ = next_ == INT32_MAX ? 0 : next_ + 1;
  slots_.emplace(id, std::move(slot));
  return id;
}

void TensorTable::remove(int64_t id) {
  if (id < 0 || id > INT32_MAX || slots_.erase(static_cast<int32_t>(id)) == 0) {
    throw EngineError("there is no tensor " + std::to_string(id) + " to delete");
  }
}

const std::shared_ptr<Slot>& TensorTable::get(int64_t id) const {
  const auto found = id < 0 || id > INT32_MAX ? slots_.end() : slots_.find(static_cast<int32_t>(id));
  if (found == slots_.end()) throw EngineError("there is no tensor " + std::to_string(id) + " (disposed?)");
  return found->second;
}

TensorPtr newTensor(TF_DataType type, const std::vector<int64_t>& shape, const Napi::Value& data) {
  if (!data.IsTypedArray()) throw EngineError("a tensor's values must be a typed array");
  const size_t width = TF_DataTypeSize(type);
  if (width == 0) throw EngineError("tensors of strings, resources and variants are not supported");
  const auto array = data.As<Napi::TypedArray>();
  // Divided, not multiplied: a hostile shape must not overflow.
  size_t elements = array.ByteLength() / width;
  bool fits = array.ByteLength() % width == 0;
  // However large the sides that are left.
  const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  int64_t expected = empty ? 0 : 1;
  for (const int64_t dimension : shape) {
    if (dimension != 0 && expected > static_cast<int64_t>(elements) / dimension) fits = false;
    if (fits) expected *= dimension;
  }
  if (!fits || expected != static_cast<int64_t>(elements)) {
    throw EngineError(describe({type, shape}) + " cannot be made of " + std::to_string(array.ByteLength()) + " bytes");
  }
  TensorPtr tensor(TF_AllocateTensor(type, shape.data(), static_cast<int>(shape.size()), array.ByteLength()));
  if (tensor == nullptr || (array.ByteLength() > 0 && TF_TensorData(tensor.get()) == nullptr)) {
    throw EngineError("there is no memory for " + describe({type, shape}));
  }
  if (array.ByteLength() > 0) {
    const auto* bytes = static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
    std::memcpy(TF_TensorData(tensor.get()), bytes, array.ByteLength());
  }
  return tensor;
}

TensorHandlePtr newHandle(TF_Tensor* tensor) {
  Status status;
  TensorHandlePtr handle(TFE_NewTensorHandle(tensor, status));
  status.check("handing a tensor to the engine");
  return handle;
}

TensorPtr resolve(TFE_TensorHandle* handle) {
  Status status;
  TensorPtr tensor(TFE_TensorHandleResolve(handle, status));
  status.check("reading a tensor");
  return tensor;
}

Napi::Value toTypedArray(Napi::Env env, TF_Tensor* tensor) {
  const TF_DataType type = TF_TensorType(tensor);
  const size_t bytes = TF_TensorByteSize(tensor);
  const auto copy = [&] {
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes);
    if (bytes > 0) std::memcpy(buffer.Data(), TF_TensorData(tensor), bytes);
    return buffer;
  };
  switch (type) {
    case TF_FLOAT:
    case TF_COMPLEX64:
      return Napi::Float32Array::New(env, bytes / 4, copy(), 0);
    case TF_INT32:
      return Napi::Int32Array::New(env, bytes / 4, copy(), 0);
    case TF_BOOL:
    case TF_UINT8:
      return Napi::Uint8Array::New(env, bytes, copy(), 0);
    case TF_INT64:
      return Napi::BigInt64Array::New(env, bytes / 8, copy(), 0);
    default:
      throw EngineError("values of type number " + std::to_string(type) + " cannot be read");
  }
}

TF_DataType readType(const Napi::Value& value) {
  if (!value.IsNumber()) throw EngineError("a data type must be a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  // One that TensorFlow does not know must not even become its enumeration.
  if (!(number >= TF_FLOAT && number <= TF_FLOAT4_E2M1FN)) throw EngineError("there is no such data type");
  return static_cast<TF_DataType>(static_cast<int>(number));
}

std::string describe(const Metadata& metadata) {
  std::string text;
  switch (metadata.type) {
    case TF_FLOAT: text = "float32"; break;
    case TF_INT32: text = "int32"; break;
    case TF_INT64: text = "int64"; break;
    case TF_BOOL: text = "bool"; break;
    case TF_UINT8: text = "uint8"; break;
    case TF_COMPLEX64: text = "complex64"; break;
    default: text = "type " + std::to_string(metadata.type); break;
  }
  text += "[";
  for (size_t i = 0; i < metadata.shape.size(); i++) {
    if (i > 0) text += ",";
    text += std::to_string(metadata.shape[i]);
  }
  return text + "]";
}

Napi::Object describeToJs(Napi::Env env, double id, const Metadata& metadata) {
  Napi::Object object = Napi::Object::New(env);
  Napi::Array shape = Napi::Array::New(env, metadata.shape.size());
  for (size_t i = 0; i < metadata.shape.size(); i++) {
    shape.Set(static_cast<uint32_t>(i), Napi::Number::New(env, static_cast<double>(metadata.shape[i])));
  }
  object.Set("id", Napi::Number::New(env, id));
  object.Set("shape", shape);
  object.Set("dtype", Napi::Number::New(env, metadata.type));
  return object;
}

}  // namespace phalanx
