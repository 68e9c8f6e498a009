// What every pixel kernel shares: checked arguments, and work off the JavaScript thread.
//
// A kernel reads its arguments on the JavaScript thread with the functions below (which throw a TypeError or
// RangeError that names the argument), then returns AsyncKernel::Run(...), whose work touches plain memory only.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace phalanx {

// Largest width or height of an image, and magnitude of a coordinate: 16.16 fixed-point products of them stay exact in a
// double, so the TypeScript twins agree to the bit.
constexpr int64_t kMaxSide = 1 << 17;

// `maxChannels` of src/pixels/image.ts.
constexpr int64_t kMaxChannels = 32;

// Most pixels in one image: positions and counts fit 31 bits.
constexpr int64_t kMaxPixels = 0x7fffffff;

[[noreturn]] inline void FailType(const Napi::CallbackInfo& info, const std::string& name, const char* expected) {
  throw Napi::TypeError::New(info.Env(), "pixels." + name + ": expected " + expected);
}

[[noreturn]] inline void FailRange(const Napi::CallbackInfo& info, const std::string& name, const std::string& why) {
  throw Napi::RangeError::New(info.Env(), "pixels." + name + ": " + why);
}

inline double NumberArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (index >= info.Length() || !info[index].IsNumber()) FailType(info, name, "a number");
  return info[index].As<Napi::Number>().DoubleValue();
}

// An integer in [low, high].
inline int64_t IntegerArg(const Napi::CallbackInfo& info, size_t index, const char* name, int64_t low, int64_t high) {
  const double value = NumberArg(info, index, name);
  if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) || value != std::floor(value)) {
    FailRange(info, name,
              "expected an integer from " + std::to_string(low) + " to " + std::to_string(high) + ", received " +
                  std::to_string(value));
  }
  return static_cast<int64_t>(value);
}

// Width or height in pixels.
inline int64_t SideArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  return IntegerArg(info, index, name, 1, kMaxSide);
}

inline std::string StringArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (index >= info.Length() || !info[index].IsString()) FailType(info, name, "a string");
  return info[index].As<Napi::String>().Utf8Value();
}

// Memory of a typed array, together with the object that keeps it alive.
template <typename T>
struct Span {
  T* data = nullptr;
  size_t length = 0;
  Napi::Object owner;

  T& operator[](size_t index) const { return data[index]; }
};

template <typename T>
struct TypedArrayTraits;
template <>
struct TypedArrayTraits<uint8_t> {
  static constexpr const char* name = "a Uint8Array";
  static bool Fits(napi_typedarray_type type) { return type == napi_uint8_array || type == napi_uint8_clamped_array; }
};
template <>
struct TypedArrayTraits<uint32_t> {
  static constexpr const char* name = "a Uint32Array";
  static bool Fits(napi_typedarray_type type) { return type == napi_uint32_array; }
};
template <>
struct TypedArrayTraits<int32_t> {
  static constexpr const char* name = "an Int32Array";
  static bool Fits(napi_typedarray_type type) { return type == napi_int32_array; }
};
template <>
struct TypedArrayTraits<float> {
  static constexpr const char* name = "a Float32Array";
  static bool Fits(napi_typedarray_type type) { return type == napi_float32_array; }
};
template <>
struct TypedArrayTraits<double> {
  static constexpr const char* name = "a Float64Array";
  static bool Fits(napi_typedarray_type type) { return type == napi_float64_array; }
};

constexpr int64_t kAnyLength = -1;

template <typename T>
Span<T> SpanOf(const Napi::CallbackInfo& info, const Napi::Value& value, const std::string& name,
               int64_t expectedLength = kAnyLength) {
  if (!value.IsTypedArray()) FailType(info, name, TypedArrayTraits<T>::name);
  Napi::TypedArray array = value.As<Napi::TypedArray>();
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(info.Env(), array, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || !TypedArrayTraits<T>::Fits(type)) FailType(info, name, TypedArrayTraits<T>::name);
  if (expectedLength != kAnyLength && length != static_cast<size_t>(expectedLength)) {
    FailRange(info, name,
              "expected " + std::to_string(expectedLength) + " elements, received " + std::to_string(length));
  }
  return {static_cast<T*>(data), length, array};
}

template <typename T>
Span<T> SpanArg(const Napi::CallbackInfo& info, size_t index, const char* name, int64_t expectedLength = kAnyLength) {
  if (index >= info.Length()) FailType(info, name, TypedArrayTraits<T>::name);
  return SpanOf<T>(info, info[index], name, expectedLength);
}

// An array of typed arrays of one length, for example the planes of a label map.
template <typename T>
std::vector<Span<T>> SpansArg(const Napi::CallbackInfo& info, size_t index, const char* name, int64_t expectedCount,
                              int64_t expectedLength) {
  if (index >= info.Length() || !info[index].IsArray()) FailType(info, name, "an array of typed arrays");
  const Napi::Array array = info[index].As<Napi::Array>();
  if (expectedCount != kAnyLength && array.Length() != static_cast<size_t>(expectedCount)) {
    FailRange(info, name,
              "expected " + std::to_string(expectedCount) + " arrays, received " + std::to_string(array.Length()));
  }
  std::vector<Span<T>> spans;
  for (uint32_t i = 0; i < array.Length(); i++) {
    spans.push_back(SpanOf<T>(info, array.Get(i), std::string(name) + "[" + std::to_string(i) + "]", expectedLength));
  }
  return spans;
}

// A new typed array that a kernel fills; zero-filled.
template <typename Array>
Array NewArray(const Napi::CallbackInfo& info, size_t length) {
  return Array::New(info.Env(), length);
}

// Runs `work` on a thread of libuv's pool and resolves with `finish(env)`, or with the first kept object when there
// is no `finish`. Kept objects, and so the memory of their spans, live until then; the caller must not transfer
// (detach) their buffers meanwhile. What `work` throws rejects the promise.
class AsyncKernel final : public Napi::AsyncWorker {
 public:
  using Work = std::function<void()>;
  using Finish = std::function<Napi::Value(Napi::Env)>;

  static Napi::Promise Run(const Napi::CallbackInfo& info, const std::vector<Napi::Object>& keep, Work work,
                           Finish finish = nullptr) {
    auto* worker = new AsyncKernel(info.Env(), std::move(work), std::move(finish));
    for (const Napi::Object& object : keep) worker->keep_.push_back(Napi::Persistent(object));
    const Napi::Promise promise = worker->deferred_.Promise();
    worker->Queue();
    return promise;
  }

 private:
  AsyncKernel(Napi::Env env, Work work, Finish finish)
      : Napi::AsyncWorker(env), deferred_(env), work_(std::move(work)), finish_(std::move(finish)) {}

  void Execute() override { work_(); }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    try {
      deferred_.Resolve(finish_ ? finish_(Env()) : keep_.front().Value());
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

  Napi::Promise::Deferred deferred_;
  Work work_;
  Finish finish_;
  std::vector<Napi::ObjectReference> keep_;
};

inline bool BooleanArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (index >= info.Length() || !info[index].IsBoolean()) FailType(info, name, "a boolean");
  return info[index].As<Napi::Boolean>().Value();
}

// The planes of a label map: 32 classes each, `width * height` pixels, row-major.
struct Planes {
  std::vector<uint32_t*> data;
  std::vector<Napi::Object> owners;
};

inline Planes PlanesArg(const Napi::CallbackInfo& info, size_t index, const char* name, int64_t pixels) {
  if (pixels > kMaxPixels) FailRange(info, name, "more than 2^31 - 1 pixels");
  Planes planes;
  for (const auto& span : SpansArg<uint32_t>(info, index, name, kAnyLength, pixels)) {
    planes.data.push_back(span.data);
    planes.owners.push_back(span.owner);
  }
  return planes;
}

// One plane of a label map and the plane made from it.
struct PlanePair {
  const uint32_t* source;
  uint32_t* target;
};

struct PlanePairs {
  std::vector<PlanePair> data;
  std::vector<Napi::Object> owners;

  // What a kernel keeps alive: `first`, with which it resolves, and the planes.
  std::vector<Napi::Object> KeptWith(std::vector<Napi::Object> first) const {
    first.insert(first.end(), owners.begin(), owners.end());
    return first;
  }
};

// Two arguments with as many planes each: what is read, and what is written.
inline PlanePairs PlanePairsArg(const Napi::CallbackInfo& info, size_t sourceIndex, const char* sourceName,
                                int64_t sourcePixels, size_t targetIndex, const char* targetName,
                                int64_t targetPixels) {
  const Planes source = PlanesArg(info, sourceIndex, sourceName, sourcePixels);
  const Planes target = PlanesArg(info, targetIndex, targetName, targetPixels);
  if (source.data.size() != target.data.size()) FailRange(info, targetName, "expected as many planes as the source has");
  PlanePairs pairs{{}, source.owners};
  pairs.owners.insert(pairs.owners.end(), target.owners.begin(), target.owners.end());
  for (size_t i = 0; i < source.data.size(); i++) pairs.data.push_back({source.data[i], target.data[i]});
  return pairs;
}

using Kernel = Napi::Value (*)(const Napi::CallbackInfo&);

inline void Export(Napi::Env env, Napi::Object exports, const char* name, Kernel kernel) {
  exports.Set(name, Napi::Function::New(env, kernel, name));
}

}  // namespace phalanx
