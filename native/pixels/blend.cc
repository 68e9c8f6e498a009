// Weighted average of two images.
#include "kernel.h"

namespace phalanx {
namespace {

// blend(first, second, weight of second in 65536ths, target)
Napi::Value Blend(const Napi::CallbackInfo& info) {
  const auto first = SpanArg<uint8_t>(info, 0, "first");
  const auto length = static_cast<int64_t>(first.length);
  const auto second = SpanArg<uint8_t>(info, 1, "second", length);
  const auto weight = static_cast<uint32_t>(IntegerArg(info, 2, "weight", 0, 65536));
  const auto target = SpanArg<uint8_t>(info, 3, "target", length);
  const uint8_t *a = first.data, *b = second.data;
  uint8_t* to = target.data;
  return AsyncKernel::Run(info, {target.owner, first.owner, second.owner}, [=] {
    const uint32_t rest = 65536 - weight;
    for (int64_t i = 0; i < length; i++) {
      const uint32_t sum = a[i] * rest + b[i] * weight;
      // Half to even, as OpenCV rounds.
      to[i] = static_cast<uint8_t>((sum + 32767 + ((sum >> 16) & 1)) >> 16);
    }
  });
}

}  // namespace

void RegisterBlend(Napi::Env env, Napi::Object exports) { Export(env, exports, "blend", Blend); }

}  // namespace phalanx
