#include "execution.h"

namespace phalanx {

std::vector<TensorHandlePtr> executeOp(TFE_Context* context, const std::string& type,
                                       const std::vector<Attribute>& attributes,
                                       const std::vector<std::shared_ptr<Slot>>& inputs, int outputs,
                                       const Cancellation* cancellation) {
  Status status;
  EagerOpPtr op(TFE_NewOp(context, type.c_str(), status));
  status.check(type);
  for (const Attribute& attribute : attributes) apply(attribute, op.get());
  for (const std::shared_ptr<Slot>& input : inputs) {
    TFE_OpAddInput(op.get(), input->wait().get(), status);
    status.check(type);
  }
  if (cancellation != nullptr) {
    TFE_OpSetCancellationManager(op.get(), cancellation->manager(), status);
    status.check(type);
  }
  std::vector<TFE_TensorHandle*> results(outputs, nullptr);
  int count = outputs;
  TFE_Execute(op.get(), results.data(), &count, status);
  status.check(type);
  std::vector<TensorHandlePtr> handles;
  for (int i = 0; i < count; i++) handles.emplace_back(results[i]);
  if (count != outputs) {
    throw EngineError(type + ": has " + std::to_string(count) + " outputs, not " + std::to_string(outputs));
  }
  return handles;
}

void execute(TFE_Context* context, Call& call) {
  try {
    const Cancellation* cancellation = call.cancellation.get();
    if (cancellation != nullptr && cancellation->isCancelled()) {
      throw EngineError(call.function->name + " was cancelled before it began");
    }
    const std::vector<Attribute> attributes = {{"config_proto", call.config}, {"executor_type", std::string()}};
    const int outputs = static_cast<int>(call.outputs.size());
    std::vector<TensorHandlePtr> handles =
        executeOp(context, call.function->name, attributes, call.inputs, outputs, cancellation);
    for (int i = 0; i < outputs; i++) call.outputs[i]->fill(std::move(handles[i]));
  } catch (const std::exception& error) {
    for (const std::shared_ptr<Slot>& output : call.outputs) output->abandon(error.what());
    throw;
  }
}

Worker::Worker(Napi::Env env) : env_(env) {
  napi_value name = Napi::String::New(env, "phalanx engine");
  const napi_status created = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                                              this, &Worker::report, &reports_);
  if (created != napi_ok) throw EngineError("the engine's thread could not be connected to JavaScript");
  // Only pending work keeps the process alive.
  napi_unref_threadsafe_function(env, reports_);
  thread_ = std::thread(&Worker::loop, this);
}

void Worker::post(std::function<void()> work, std::function<void(Napi::Env, const std::string&)> done,
                  std::function<void()> dropped) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->done = std::move(done);
  job->dropped = std::move(dropped);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!stopping_) {
      if (pending_++ == 0) napi_ref_threadsafe_function(env_, reports_);
      queue_.push_back(std::move(job));
    }
  }
  if (job != nullptr) return job->dropped();
  wake_.notify_one();
}

void Worker::loop() {
  for (;;) {
    std::unique_ptr<Job> job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      job->work();
    } catch (const std::exception& error) {
      job->error = error.what();
      if (job->error.empty()) job->error = "unknown failure";
    }
    // What the work held on to is freed here, not when JavaScript gets round to the report.
    job->work = nullptr;
    job->dropped = nullptr;
    Job* raw = job.release();
    if (napi_call_threadsafe_function(reports_, raw, napi_tsfn_nonblocking) != napi_ok) delete raw;
  }
}

void Worker::report(napi_env env, napi_value, void* context, void* data) {
  std::unique_ptr<Job> job(static_cast<Job*>(data));
  if (env == nullptr) return;
  auto* worker = static_cast<Worker*>(context);
  if (--worker->pending_ == 0) napi_unref_threadsafe_function(env, worker->reports_);
  Napi::HandleScope scope(env);
  job->done(env, job->error);
}

void Worker::stop() {
  std::deque<std::unique_ptr<Job>> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_one();
  for (const std::unique_ptr<Job>& job : dropped) job->dropped();
  thread_.join();
  napi_release_threadsafe_function(reports_, napi_tsfn_abort);
}

}  // namespace phalanx
