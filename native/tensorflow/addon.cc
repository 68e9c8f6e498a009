// The binding: what JavaScript can call. Each function checks what it is given; every failure is a JavaScript Error.
#include <napi.h>

#include <cstdlib>

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "execution.h"
#include "tensors.h"
#include "tracing.h"

namespace phalanx {
namespace {

constexpr size_t kMostOutputs = 1 << 16;

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

template <typename T>
T& find(std::unordered_map<int32_t, T>& table, const Napi::Value& id, const char* what) {
  const int64_t number = readNumber(id, what);
  const auto found = number < 0 || number > INT32_MAX ? table.end() : table.find(static_cast<int32_t>(number));
  if (found == table.end()) throw EngineError("there is no " + std::string(what) + " " + std::to_string(number));
  return found->second;
}

std::vector<std::shared_ptr<Slot>> readSlots(const Engine& engine, const Napi::Value& ids) {
  std::vector<std::shared_ptr<Slot>> slots;
  for (const int64_t id : readIntegers(ids, "tensor numbers")) slots.push_back(engine.tensors.get(id));
  return slots;
}

/// open(config: Uint8Array): starts TensorFlow with a serialized ConfigProto.
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

Napi::Value newGraph(Info info) {
  Engine& engine = engineOf(info);
  contextOf(engine);
  const int32_t id = engine.nextGraph++;
  engine.graphs.emplace(id, std::make_unique<TraceGraph>());
  return Napi::Number::New(info.Env(), id);
}

Napi::Value deleteGraph(Info info) {
  Engine& engine = engineOf(info);
  find(engine.graphs, info[0], "graph");
  engine.graphs.erase(static_cast<int32_t>(readNumber(info[0], "graph")));
  return info.Env().Undefined();
}

Napi::Value graphPlaceholder(Info info) {
  TraceGraph& graph = *find(engineOf(info).graphs, info[0], "graph");
  return Napi::Number::New(info.Env(), graph.addPlaceholder(readType(info[2]), readShape(info[1])));
}

Napi::Value graphConstant(Info info) {
  TraceGraph& graph = *find(engineOf(info).graphs, info[0], "graph");
  const TensorPtr value = newTensor(readType(info[2]), readShape(info[1]), info[3]);
  return Napi::Number::New(info.Env(), graph.addConstant(value.get()));
}

/// graphOp(graph, type, attributes, inputs, outputs): adds an op; the ids of what it returns are the graph's values,
/// and a shape that cannot be told without computing is null.
Napi::Value graphOp(Info info) {
  TraceGraph& graph = *find(engineOf(info).graphs, info[0], "graph");
  const std::vector<int32_t> values = graph.addOp(readString(info[1], "op"), readAttributes(info[2]),
                                                  readIntegers(info[3], "values"), readOutputs(info[4]));
  Napi::Array results = Napi::Array::New(info.Env(), values.size());
  for (size_t i = 0; i < values.size(); i++) {
    Napi::Object result = describeToJs(info.Env(), values[i], graph.metadata(values[i]));
    if (!graph.isShapeKnown(values[i])) result.Set("shape", info.Env().Null());
    results.Set(static_cast<uint32_t>(i), result);
  }
  return results;
}

/// finishGraph(graph, name, inputs, outputs): makes a function of it. The graph is gone afterwards.
Napi::Value finishGraph(Info info) {
  Engine& engine = engineOf(info);
  const std::unique_ptr<TraceGraph> graph = std::move(find(engine.graphs, info[0], "graph"));
  engine.graphs.erase(static_cast<int32_t>(readNumber(info[0], "graph")));
  std::shared_ptr<TracedFunction> function =
      graph->finish(engine.context, readString(info[1], "name"), readIntegers(info[2], "inputs"),
                    readIntegers(info[3], "outputs"));
  const int32_t id = engine.nextFunction++;
  engine.functions.emplace(id, std::move(function));
  return Napi::Number::New(info.Env(), id);
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

Napi::Value no(Info info) { return Napi::Boolean::New(info.Env(), false); }

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
  define<tensorDataSync>(exports, "tensorDataSync");
  define<tensorData>(exports, "tensorData");
  define<executeOpNow>(exports, "executeOp");
  define<newGraph>(exports, "newGraph");
  define<deleteGraph>(exports, "deleteGraph");
  define<graphPlaceholder>(exports, "graphPlaceholder");
  define<graphConstant>(exports, "graphConstant");
  define<graphOp>(exports, "graphOp");
  define<finishGraph>(exports, "finishGraph");
  define<deleteFunction>(exports, "deleteFunction");
  define<newCancellation>(exports, "newCancellation");
  define<cancel>(exports, "cancel");
  define<deleteCancellation>(exports, "deleteCancellation");
  define<runFunction>(exports, "runFunction");
  define<numberOfTensors>(exports, "getNumOfTensors");
  define<no>(exports, "isUsingGpuDevice");
  exports.Set("TF_Version", Napi::String::New(env, TF_Version()));
  return exports;
}

}  // namespace

NODE_API_MODULE(engine, initialize)

}  // namespace phalanx
