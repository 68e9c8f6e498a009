#include "engine.h"

namespace phalanx {
namespace {

constexpr size_t kMostOutputs = 1 << 16;

}  // namespace

Engine& engineOf(Info info) {
  auto* engine = info.Env().GetInstanceData<Engine>();
  if (engine == nullptr) throw EngineError("the engine is not loaded");
  return *engine;
}

TFE_Context* contextOf(const Engine& engine) {
  if (engine.context == nullptr) throw EngineError("the engine is not started");
  return engine.context.get();
}

std::string readString(const Napi::Value& value, const char* what) {
  if (!value.IsString()) throw EngineError(std::string(what) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

int64_t readNumber(const Napi::Value& value, const char* what) {
  if (!value.IsNumber()) throw EngineError(std::string(what) + " must be a number");
  return value.As<Napi::Number>().Int64Value();
}

int readOutputs(const Napi::Value& value) {
  const int64_t outputs = readNumber(value, "number of outputs");
  if (outputs < 0 || outputs > static_cast<int64_t>(kMostOutputs)) throw EngineError("number of outputs out of range");
  return static_cast<int>(outputs);
}

std::string readBytes(const Napi::Value& value, const char* what) {
  if (!value.IsTypedArray()) throw EngineError(std::string(what) + " must be a Uint8Array");
  const auto bytes = value.As<Napi::TypedArray>();
  return {static_cast<const char*>(bytes.ArrayBuffer().Data()) + bytes.ByteOffset(), bytes.ByteLength()};
}

}  // namespace phalanx
