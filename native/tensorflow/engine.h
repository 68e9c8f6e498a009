// What one JavaScript environment holds of the engine, and how the binding's functions read what they are given.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "execution.h"
#include "tensors.h"
#include "tracing.h"

namespace phalanx {

struct Engine {
  explicit Engine(Napi::Env env) : worker(env) {}

  std::shared_ptr<TFE_Context> context;
  TensorTable tensors;
  std::unordered_map<int32_t, std::unique_ptr<TraceGraph>> graphs;
  std::unordered_map<int32_t, std::shared_ptr<TracedFunction>> functions;
  std::unordered_map<int32_t, std::shared_ptr<Cancellation>> cancellations;
  int32_t nextGraph = 0;
  int32_t nextFunction = 0;
  int32_t nextCancellation = 0;
  Worker worker;  // last, so that its thread ends before what it uses goes
};

using Info = const Napi::CallbackInfo&;

Engine& engineOf(Info info);
/// Throws EngineError before open().
TFE_Context* contextOf(const Engine& engine);

std::string readString(const Napi::Value& value, const char* what);
int64_t readNumber(const Napi::Value& value, const char* what);
/// Number of outputs that an op is expected to have.
int readOutputs(const Napi::Value& value);
std::string readBytes(const Napi::Value& value, const char* what);

template <typename T>
T& find(std::unordered_map<int32_t, T>& table, const Napi::Value& id, const char* what) {
  const int64_t number = readNumber(id, what);
  const auto found = number < 0 || number > INT32_MAX ? table.end() : table.find(static_cast<int32_t>(number));
  if (found == table.end()) throw EngineError("there is no " + std::string(what) + " " + std::to_string(number));
  return found->second;
}

/// What C++ throws leaves as a JavaScript Error.
template <Napi::Value (*Body)(Info)>
Napi::Value guarded(Info info) {
  try {
    return Body(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

template <Napi::Value (*Body)(Info)>
void define(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<guarded<Body>>(exports.Env(), name));
}

/// Throws EngineError when the context has no device of this type, such as GPU.
void requireDevice(TFE_Context* context, const std::string& type);

// One per family of functions, each defined in the file named after it.
void defineDevices(Napi::Object exports);
void defineGraphs(Napi::Object exports);

}  // namespace phalanx
