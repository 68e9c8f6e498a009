// quietly(f): calls f with the standard error stream shut. libtensorflow_framework writes two lines there from a
// static constructor, before any of its settings can be made; so it is loaded under this, by an addon that does not
// link it. One setting must be made before as well: it is read while the libraries are loaded.
#include <fcntl.h>
#include <napi.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

/// Points descriptor 2 to /dev/null for as long as it lives; does nothing where that cannot be done.
class ShutStderr {
 public:
  ShutStderr() {
    std::fflush(stderr);
    const int sink = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (sink < 0) return;
    kept_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (kept_ >= 0) ::dup2(sink, STDERR_FILENO);
    ::close(sink);
  }
  ~ShutStderr() {
    if (kept_ < 0) return;
    std::fflush(stderr);
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }
  ShutStderr(const ShutStderr&) = delete;
  ShutStderr& operator=(const ShutStderr&) = delete;

 private:
  int kept_ = -1;
};

Napi::Value quietly(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "quietly() takes a function");
  const ShutStderr shut;
  return info[0].As<Napi::Function>().Call({});
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  // oneDNN's kernels on every processor: by default TensorFlow takes them only where there are AVX-512's instructions
  // for neural networks, and those it has besides are slower and lack the gradients of dilated convolutions.
  ::setenv("TF_ENABLE_ONEDNN_OPTS", "1", 0);
  exports.Set("quietly", Napi::Function::New<quietly>(env, "quietly"));
  return exports;
}

}  // namespace

NODE_API_MODULE(quiet, initialize)
