// Pixel and label kernels: mechanisms only, no policy; src/pixels and src/labels give them types and names.
#include "kernel.h"

namespace phalanx {

// One per family of kernels, each defined in the file named after it.
void RegisterBlend(Napi::Env env, Napi::Object exports);
void RegisterBoxes(Napi::Env env, Napi::Object exports);
void RegisterClahe(Napi::Env env, Napi::Object exports);
void RegisterClassSets(Napi::Env env, Napi::Object exports);
void RegisterCombine(Napi::Env env, Napi::Object exports);
void RegisterComponents(Napi::Env env, Napi::Object exports);
void RegisterElastic(Napi::Env env, Napi::Object exports);
void RegisterErrorMap(Napi::Env env, Napi::Object exports);
void RegisterFilters(Napi::Env env, Napi::Object exports);
void RegisterGrey(Napi::Env env, Napi::Object exports);
void RegisterHistogram(Napi::Env env, Napi::Object exports);
void RegisterLogits(Napi::Env env, Napi::Object exports);
void RegisterMedian(Napi::Env env, Napi::Object exports);
void RegisterMorphology(Napi::Env env, Napi::Object exports);
void RegisterOverlap(Napi::Env env, Napi::Object exports);
void RegisterPaint(Napi::Env env, Napi::Object exports);
void RegisterPlaneArea(Napi::Env env, Napi::Object exports);
void RegisterPolygons(Napi::Env env, Napi::Object exports);
void RegisterResize(Napi::Env env, Napi::Object exports);
void RegisterRuns(Napi::Env env, Napi::Object exports);
void RegisterSamples(Napi::Env env, Napi::Object exports);
void RegisterSearch(Napi::Env env, Napi::Object exports);
void RegisterSurface(Napi::Env env, Napi::Object exports);
void RegisterSymmetry(Napi::Env env, Napi::Object exports);
void RegisterUnsharp(Napi::Env env, Napi::Object exports);
void RegisterUpsample(Napi::Env env, Napi::Object exports);
void RegisterUpsampleRuns(Napi::Env env, Napi::Object exports);
void RegisterWarp(Napi::Env env, Napi::Object exports);
void RegisterWindows(Napi::Env env, Napi::Object exports);

}  // namespace phalanx

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  phalanx::RegisterBlend(env, exports);
  phalanx::RegisterBoxes(env, exports);
  phalanx::RegisterClahe(env, exports);
  phalanx::RegisterClassSets(env, exports);
  phalanx::RegisterCombine(env, exports);
  phalanx::RegisterComponents(env, exports);
  phalanx::RegisterElastic(env, exports);
  phalanx::RegisterErrorMap(env, exports);
  phalanx::RegisterFilters(env, exports);
  phalanx::RegisterGrey(env, exports);
  phalanx::RegisterHistogram(env, exports);
  phalanx::RegisterLogits(env, exports);
  phalanx::RegisterMedian(env, exports);
  phalanx::RegisterMorphology(env, exports);
  phalanx::RegisterOverlap(env, exports);
  phalanx::RegisterPaint(env, exports);
  phalanx::RegisterPlaneArea(env, exports);
  phalanx::RegisterPolygons(env, exports);
  phalanx::RegisterResize(env, exports);
  phalanx::RegisterRuns(env, exports);
  phalanx::RegisterSamples(env, exports);
  phalanx::RegisterSearch(env, exports);
  phalanx::RegisterSurface(env, exports);
  phalanx::RegisterSymmetry(env, exports);
  phalanx::RegisterUnsharp(env, exports);
  phalanx::RegisterUpsample(env, exports);
  phalanx::RegisterUpsampleRuns(env, exports);
  phalanx::RegisterWarp(env, exports);
  phalanx::RegisterWindows(env, exports);
  return exports;
}

NODE_API_MODULE(pixels, Init)
