// Tracing, as the binding offers it: graphs by number, built op by op, that become functions.
#include "engine.h"

namespace phalanx {
namespace {

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

}  // namespace

void defineGraphs(Napi::Object exports) {
  define<newGraph>(exports, "newGraph");
  define<deleteGraph>(exports, "deleteGraph");
  define<graphPlaceholder>(exports, "graphPlaceholder");
  define<graphConstant>(exports, "graphConstant");
  define<graphOp>(exports, "graphOp");
  define<finishGraph>(exports, "finishGraph");
}

}  // namespace phalanx
