// The binding: what JavaScript can call. Each function checks what it is given; every failure is a JavaScript Error.
#include <napi.h>

#include <cstdlib>

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "engine.h"

namespace phalanx {
namespace {

std::vector<std::shared_ptr<Slot>> readSlots(const Engine& engine, const Napi::Value& ids) {
  std::vector<std::shared_ptr<Slot>> slots;
  for (const int64_t id : readIntegers(ids, "tensor numbers")) slots.push_back(engine.tensors.get(id));
  return slots;
}

/// open(config: Uint8Array, device?: string): starts TensorFlow with a serialized ConfigProto, if it then has a device
/// of this type.
Napi::Value open(Info info) {
  Engine& engine = engineOf(info);
  if (engine.context != nullptr) throw EngineError("the engine is already started");
  const std::string config = readBytes(info[0], "config");
  ContextOptionsPtr options(TFE_NewContextOptions());
  Status status;
  TFE_ContextOptionsSetConfig(options.get(), config.data(), config.size(), status);
  status.check("the engine's configuration");
  ContextPtr context(TFE_NewContext(options.get(), status));
  status.check("starting the engine");
  if (!info[1].IsUndefined()) requireDevice(context.get(), readString(info[1], "device type"));
  engine.context = std::move(context);
  return info.Env().Undefined();
}

/// close(): waits for the call in progress and drops the queued ones. Node calls no cleanup hook of an addon when the
/// main thread ends by process.exit(), and TensorFlow's threads must not outlive its static data.
Napi::Value close(Info info) {
  engineOf(info).worker.stop();
  return info.Env().Undefined();
}

Napi::Value createTensor(Info info) {
  Engine& engine = engineOf(info);
  contextOf(engine);
  const TensorPtr tensor = newTensor(readType(info[1]), readShape(info[0]), info[2]);
  return Napi::Number::New(info.Env(), engine.tensors.add(std::make_shared<Slot>(newHandle(tensor.get()))));
}

Napi::Value deleteTensor(Info info) {
  engineOf(info).tensors.remove(readNumber(info[0], "tensor number"));
  return info.Env().Undefined();
}

/// describeTensor(id): its type and shape, for errors.
Napi::Value describeTensor(Info info) {
  const auto& slot = engineOf(info).tensors.get(readNumber(info[0], "tensor number"));
  return Napi::String::New(info.Env(), describe(slot->metadata()));
}

Napi::Value tensorDataSync(Info info) {
  const auto handle = engineOf(info).tensors.get(readNumber(info[0], "tensor number"))->wait();
  return toTypedArray(info.Env(), resolve(handle.get()).get());
}

/// tensorData(id): Promise of the values; never blocks, whatever is queued.
Napi::Value tensorData(Info info) {
  Engine& engine = engineOf(info);
  const std::shared_ptr<Slot> slot = engine.tensors.get(readNumber(info[0], "tensor number"));
  const auto deferred = Napi::Promise::Deferred::New(info.Env());
  if (slot->isSettled()) {
    deferred.Resolve(toTypedArray(info.Env(), resolve(slot->wait().get()).get()));
    return deferred.Promise();
  }
  const auto tensor = std::make_shared<TensorPtr>();
  engine.worker.post([slot, tensor] { *tensor = resolve(slot->wait().get()); },
                     [tensor, deferred](Napi::Env env, const std::string& error) {
                       if (!error.empty()) return deferred.Reject(Napi::Error::New(env, error).Value());
                       try {
                         deferred.Resolve(toTypedArray(env, tensor->get()));
                       } catch (const std::exception& failure) {
                         deferred.Reject(Napi::Error::New(env, failure.what()).Value());
                       }
                     },
                     [] {});
  return deferred.Promise();
}

/// executeOp(type, attributes, inputs, outputs): runs an op now.
Napi::Value executeOpNow(Info info) {
  Engine& engine = engineOf(info);
  TFE_Context* context = contextOf(engine);
  const std::string type = readString(info[0], "op");
  const std::vector<std::shared_ptr<Slot>> inputs = readSlots(engine, info[2]);
  checkInputCount(type, inputs.size());
  std::vector<TensorHandlePtr> handles =
      executeOp(context, type, readAttributes(info[1]), inputs, readOutputs(info[3]));
  Napi::Array results = Napi::Array::New(info.Env(), handles.size());
  for (size_t i = 0; i < handles.size(); i++) {
    auto slot = std::make_shared<Slot>(std::move(handles[i]));
    const Metadata& metadata = slot->metadata();
    results.Set(static_cast<uint32_t>(i), describeToJs(info.Env(), engine.tensors.add(slot), metadata));
  }
  return results;
}

Napi::Value deleteFunction(Info info) {
  Engine& engine = engineOf(info);
  find(engine.functions, info[0], "function");
  engine.functions.erase(static_cast<int32_t>(readNumber(info[0], "function")));
  return info.Env().Undefined();
}

/// newCancellation(): what a call can be given so that cancel() stops it.
Napi::Value newCancellation(Info info) {
  Engine& engine = engineOf(info);
  const int32_t id = engine.nextCancellation++;
  engine.cancellations.emplace(id, std::make_shared<Cancellation>());
  return Napi::Number::New(info.Env(), id);
}

Napi::Value cancel(Info info) {
  find(engineOf(info).cancellations, info[0], "cancellation")->cancel();
  return info.Env().Undefined();
}

Napi::Value deleteCancellation(Info info) {
  Engine& engine = engineOf(info);
  find(engine.cancellations, info[0], "cancellation");
  engine.cancellations.erase(static_cast<int32_t>(readNumber(info[0], "cancellation")));
  return info.Env().Undefined();
}

/// runFunction(function, config, inputs, fallbacks, cancellation?): queues a call. The outputs are numbered at once and
/// may be used in further calls; the first ones take the value of `fallbacks` if the call fails or is cancelled.
Napi::Value runFunction(Info info) {
  Engine& engine = engineOf(info);
  Napi::Env env = info.Env();
  auto call = std::make_shared<Call>();
  call->function = find(engine.functions, info[0], "function");
  call->config = readBytes(info[1], "config");
  call->inputs = readSlots(engine, info[2]);
  const std::vector<std::shared_ptr<Slot>> fallbacks = readSlots(engine, info[3]);
  if (!info[4].IsUndefined()) call->cancellation = find(engine.cancellations, info[4], "cancellation");
  const TracedFunction& function = *call->function;
  if (call->inputs.size() != function.inputs.size() || fallbacks.size() > function.outputs.size()) {
    throw EngineError(function.name + ": takes " + std::to_string(function.inputs.size()) + " inputs, not " +
                      std::to_string(call->inputs.size()));
  }
  for (size_t i = 0; i < call->inputs.size(); i++) {
    const Metadata& given = call->inputs[i]->metadata();
    if (given.type != function.inputs[i].type || given.shape != function.inputs[i].shape) {
      throw EngineError(function.name + ": input " + std::to_string(i) + " must be " + describe(function.inputs[i]) +
                        ", not " + describe(given));
    }
  }

  Napi::Array ids = Napi::Array::New(env, function.outputs.size());
  for (size_t i = 0; i < function.outputs.size(); i++) {
    auto slot = std::make_shared<Slot>(function.outputs[i], i < fallbacks.size() ? fallbacks[i] : nullptr);
    call->outputs.push_back(slot);
    ids.Set(static_cast<uint32_t>(i), Napi::Number::New(env, engine.tensors.add(std::move(slot))));
  }
  const auto deferred = Napi::Promise::Deferred::New(env);
  engine.worker.post(
      [context = engine.context, call] {
        execute(context.get(), *call);
        call->inputs.clear();
        call->outputs.clear();
        call->cancellation.reset();
      },
      [deferred](Napi::Env doneEnv, const std::string& error) {
        if (error.empty()) return deferred.Resolve(doneEnv.Undefined());
        deferred.Reject(Napi::Error::New(doneEnv, error).Value());
      },
      [call] {
        for (const std::shared_ptr<Slot>& output : call->outputs) output->abandon("the process is ending");
      });
  Napi::Object result = Napi::Object::New(env);
  result.Set("outputs", ids);
  result.Set("done", deferred.Promise());
  return result;
}

Napi::Value numberOfTensors(Info info) {
  return Napi::Number::New(info.Env(), static_cast<double>(engineOf(info).tensors.size()));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  // Warnings and errors reach the terminal; TF_CPP_MIN_LOG_LEVEL=0 brings TensorFlow's other messages back.
  const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(level == nullptr ? 1 : std::atoi(level)));
  auto* engine = new Engine(env);
  env.SetInstanceData(engine);
  // For worker threads that are terminated; see close() for the main thread.
  env.AddCleanupHook([engine] { engine->worker.stop(); });

  define<open>(exports, "open");
  define<close>(exports, "close");
  define<createTensor>(exports, "createTensor");
  define<deleteTensor>(exports, "deleteTensor");
  define<describeTensor>(exports, "describeTensor");
  define<tensorDataSync>(exports, "tensorDataSync");
  define<tensorData>(exports, "tensorData");
  define<executeOpNow>(exports, "executeOp");
  define<deleteFunction>(exports, "deleteFunction");
  define<newCancellation>(exports, "newCancellation");
  define<cancel>(exports, "cancel");
  define<deleteCancellation>(exports, "deleteCancellation");
  define<runFunction>(exports, "runFunction");
  define<numberOfTensors>(exports, "getNumOfTensors");
  defineDevices(exports);
  defineGraphs(exports);
  exports.Set("TF_Version", Napi::String::New(env, TF_Version()));
  return exports;
}

}  // namespace

NODE_API_MODULE(engine, initialize)

}  // namespace phalanx
