// Building a TensorFlow function op by op; nothing is computed, shapes come from TensorFlow's shape inference.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "attributes.h"
#include "handles.h"
#include "tensors.h"

namespace phalanx {

/// A function that TensorFlow can call; it leaves the context when the last call to it is done.
class TracedFunction {
 public:
  TracedFunction(std::shared_ptr<TFE_Context> context, TF_Function* function, std::string name,
                 std::vector<Metadata> inputs, std::vector<Metadata> outputs);
  ~TracedFunction();
  TracedFunction(const TracedFunction&) = delete;
  TracedFunction& operator=(const TracedFunction&) = delete;

  const std::string name;
  const std::vector<Metadata> inputs;
  const std::vector<Metadata> outputs;

 private:
  std::shared_ptr<TFE_Context> context_;
};

/// A graph under construction. Values are numbered in the order in which they come into being.
class TraceGraph {
 public:
  TraceGraph();

  int32_t addPlaceholder(TF_DataType type, const std::vector<int64_t>& shape);
  int32_t addConstant(TF_Tensor* value);
  /// Adds an op and returns its `outputs` values; a shape that shape inference cannot tell is marked as unknown.
  std::vector<int32_t> addOp(const std::string& type, const std::vector<Attribute>& attributes,
                             const std::vector<int64_t>& inputs, int outputs);
  const Metadata& metadata(int32_t value) const { return values_[value].metadata; }
  bool isShapeKnown(int32_t value) const { return values_[value].shapeKnown; }

  std::unique_ptr<TracedFunction> finish(std::shared_ptr<TFE_Context> context, const std::string& name,
                                         const std::vector<int64_t>& inputs, const std::vector<int64_t>& outputs);

 private:
  struct Value {
    TF_Output output;
    Metadata metadata;
    bool shapeKnown;
  };

  const Value& at(int64_t value) const;
  std::string nextName(const std::string& type) { return type + "_" + std::to_string(nodes_++); }
  int32_t addValue(TF_Output output, const std::string& type);

  GraphPtr graph_;
  std::vector<Value> values_;
  // Ops without outputs are run for their effect and would otherwise be pruned.
  std::vector<TF_Operation*> effects_;
  int nodes_ = 0;
};

/// What an op takes, from TensorFlow's registry.
struct Arguments {
  std::vector<bool> isList;
  size_t singles = 0;
  size_t lists = 0;
};

/// Throws EngineError when there is no such op.
const Arguments& argumentsOf(const std::string& type);
/// Throws EngineError when an op cannot take so many inputs: TensorFlow itself would read past its definition.
void checkInputCount(const std::string& type, size_t inputs);

}  // namespace phalanx
