// Set operations on whole label maps, 32 classes a word.
#include "kernel.h"
#include "vectorized.h"

#include <algorithm>
#include <cstring>

namespace phalanx {
namespace {

VECTORIZED void Unite(const uint32_t* a, const uint32_t* b, uint32_t* target, int64_t count) {
  for (int64_t i = 0; i < count; i++) target[i] = a[i] | b[i];
}

VECTORIZED void Intersect(const uint32_t* a, const uint32_t* b, uint32_t* target, int64_t count) {
  for (int64_t i = 0; i < count; i++) target[i] = a[i] & b[i];
}

VECTORIZED void Subtract(const uint32_t* a, const uint32_t* b, uint32_t* target, int64_t count) {
  for (int64_t i = 0; i < count; i++) target[i] = a[i] & ~b[i];
}

VECTORIZED void KeepKnown(const uint32_t* source, const uint32_t* unknown, uint32_t* target, int64_t count) {
  for (int64_t i = 0; i < count; i++) target[i] = source[i] & ((unknown[i] & 1) - 1);
}

VECTORIZED void Complement(const uint32_t* source, uint32_t classes, uint32_t* target, int64_t count) {
  for (int64_t i = 0; i < count; i++) target[i] = ~source[i] & classes;
}

// combinePlanes(a, b, target, pixels, operation): operation is 'union', 'intersection' or 'difference'. Resolves with
// `target`.
Napi::Value CombinePlanes(const Napi::CallbackInfo& info) {
  const int64_t pixels = IntegerArg(info, 3, "pixels", 1, kMaxPixels);
  const PlanePairs pairs = PlanePairsArg(info, 0, "a", pixels, 2, "target", pixels);
  const Planes other = PlanesArg(info, 1, "b", pixels);
  if (other.data.size() != pairs.data.size()) FailRange(info, "b", "expected as many planes as a has");
  const std::string name = StringArg(info, 4, "operation");
  if (name != "union" && name != "intersection" && name != "difference") {
    FailRange(info, "operation", "unknown operation " + name);
  }
  const auto operation = name == "union" ? Unite : name == "intersection" ? Intersect : Subtract;
  std::vector<Napi::Object> keep = pairs.KeptWith({info[2].As<Napi::Object>()});
  keep.insert(keep.end(), other.owners.begin(), other.owners.end());
  return AsyncKernel::Run(info, keep, [=, pairs = pairs.data, b = other.data] {
    for (size_t p = 0; p < pairs.size(); p++) operation(pairs[p].source, b[p], pairs[p].target, pixels);
  });
}

// complementPlanes(source, target, pixels, classes). Bits that belong to no class stay zero.
Napi::Value ComplementPlanes(const Napi::CallbackInfo& info) {
  const int64_t pixels = IntegerArg(info, 2, "pixels", 1, kMaxPixels);
  const PlanePairs pairs = PlanePairsArg(info, 0, "source", pixels, 1, "target", pixels);
  const int64_t classes = IntegerArg(info, 3, "classes", 0, static_cast<int64_t>(pairs.data.size()) * 32);
  return AsyncKernel::Run(info, pairs.KeptWith({info[1].As<Napi::Object>()}), [=, pairs = pairs.data] {
    for (size_t p = 0; p < pairs.size(); p++) {
      const int64_t used = std::min<int64_t>(std::max<int64_t>(classes - 32 * static_cast<int64_t>(p), 0), 32);
      const uint32_t mask = used == 32 ? ~0u : (1u << used) - 1;
      Complement(pairs[p].source, mask, pairs[p].target, pixels);
    }
  });
}

// knownPlanes(source, unknown, target, pixels): no class where `unknown` is 1.
Napi::Value KnownPlanes(const Napi::CallbackInfo& info) {
  const int64_t pixels = IntegerArg(info, 3, "pixels", 1, kMaxPixels);
  const PlanePairs pairs = PlanePairsArg(info, 0, "source", pixels, 2, "target", pixels);
  const auto unknown = SpanArg<uint32_t>(info, 1, "unknown", pixels);
  return AsyncKernel::Run(info, pairs.KeptWith({info[2].As<Napi::Object>(), unknown.owner}),
                          [=, pairs = pairs.data] {
                            for (const PlanePair& pair : pairs) KeepKnown(pair.source, unknown.data, pair.target, pixels);
                          });
}

// All bits of one plane that go to another plane by the same rotation.
struct Move {
  size_t source, target;
  uint32_t mask, rotation;
};

VECTORIZED void AddRotated(const uint32_t* source, uint32_t mask, uint32_t rotation, uint32_t* target, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const uint32_t bits = source[i] & mask;
    target[i] |= (bits << rotation) | (bits >> ((32 - rotation) & 31));
  }
}

// moveClasses(source, target, pixels, moves): every [source class, target class] of `moves` adds the one to the other.
Napi::Value MoveClasses(const Napi::CallbackInfo& info) {
  const int64_t pixels = IntegerArg(info, 2, "pixels", 1, kMaxPixels);
  const Planes source = PlanesArg(info, 0, "source", pixels), target = PlanesArg(info, 1, "target", pixels);
  const auto pairs = SpanArg<uint32_t>(info, 3, "moves");
  std::vector<Move> moves;
  for (size_t i = 0; i + 1 < pairs.length; i += 2) {
    const uint32_t from = pairs[i], to = pairs[i + 1];
    if (from / 32 >= source.data.size() || to / 32 >= target.data.size()) FailRange(info, "moves", "no such class");
    const Move move{from / 32, to / 32, 1u << (from % 32), (to - from) & 31};
    const auto same = std::find_if(moves.begin(), moves.end(), [&](const Move& other) {
      return other.source == move.source && other.target == move.target && other.rotation == move.rotation;
    });
    if (same == moves.end()) {
      moves.push_back(move);
    } else {
      same->mask |= move.mask;
    }
  }
  std::vector<Napi::Object> keep{info[1].As<Napi::Object>()};
  keep.insert(keep.end(), source.owners.begin(), source.owners.end());
  keep.insert(keep.end(), target.owners.begin(), target.owners.end());
  return AsyncKernel::Run(info, keep, [=, from = source.data, to = target.data] {
    // As much as stays in the first cache while all moves pass over it.
    constexpr int64_t kBlock = 2048;
    for (int64_t start = 0; start < pixels; start += kBlock) {
      const int64_t count = std::min(kBlock, pixels - start);
      for (uint32_t* plane : to) std::memset(plane + start, 0, static_cast<size_t>(count) * sizeof(uint32_t));
      for (const Move& move : moves) {
        AddRotated(from[move.source] + start, move.mask, move.rotation, to[move.target] + start, count);
      }
    }
  });
}

}  // namespace

void RegisterClassSets(Napi::Env env, Napi::Object exports) {
  Export(env, exports, "combinePlanes", CombinePlanes);
  Export(env, exports, "complementPlanes", ComplementPlanes);
  Export(env, exports, "moveClasses", MoveClasses);
  Export(env, exports, "knownPlanes", KnownPlanes);
}

}  // namespace phalanx
