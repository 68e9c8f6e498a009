// Running ops at once on the caller's thread, and traced functions one after the other on the engine's own thread.
#pragma once

#include <napi.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "attributes.h"
#include "tensors.h"
#include "tracing.h"

namespace phalanx {

/// Stops the calls that carry it: those that wait never run, the one that runs ends where TensorFlow looks.
class Cancellation {
 public:
  void cancel() { TFE_CancellationManagerStartCancel(manager()); }
  bool isCancelled() const {
    return TFE_CancellationManagerIsCancelled(manager()) || TFE_CancellationManagerIsCancelling(manager());
  }
  TFE_CancellationManager* manager() const { return manager_.get(); }

 private:
  CancellationManagerPtr manager_{TFE_NewCancellationManager()};
};

/// Runs one op now and returns its outputs.
std::vector<TensorHandlePtr> executeOp(TFE_Context* context, const std::string& type,
                                       const std::vector<Attribute>& attributes,
                                       const std::vector<std::shared_ptr<Slot>>& inputs, int outputs,
                                       const Cancellation* cancellation = nullptr);

/// A call of a traced function that waits for its turn.
struct Call {
  std::shared_ptr<TracedFunction> function;
  std::string config;  // serialized tensorflow.ConfigProto: Grappler runs only when the call carries one
  std::vector<std::shared_ptr<Slot>> inputs;
  std::vector<std::shared_ptr<Slot>> outputs;
  std::shared_ptr<Cancellation> cancellation;  // or none
};

/// Runs a call and settles its outputs: filled, or abandoned when it fails, and then EngineError is thrown.
void execute(TFE_Context* context, Call& call);

/// The engine's thread: takes work in the order in which it was queued, and reports back on the JavaScript thread.
class Worker {
 public:
  explicit Worker(Napi::Env env);
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs `work` on the engine's thread, then `done` on the JavaScript thread with what `work` threw (or empty).
  /// `dropped` runs instead of `work` when the process ends first.
  void post(std::function<void()> work, std::function<void(Napi::Env, const std::string& error)> done,
            std::function<void()> dropped);
  /// Waits for the work in progress, drops the rest. No `done` is called after it.
  void stop();

 private:
  struct Job {
    std::function<void()> work;
    std::function<void(Napi::Env, const std::string&)> done;
    std::function<void()> dropped;
    std::string error;
  };

  void loop();
  static void report(napi_env env, napi_value, void* context, void* data);

  Napi::Env env_;
  napi_threadsafe_function reports_ = nullptr;
  int pending_ = 0;  // on the JavaScript thread
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace phalanx
