#include "tracing.h"

#include <mutex>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_def.pb.h"

namespace phalanx {

TracedFunction::TracedFunction(std::shared_ptr<TFE_Context> context, TF_Function* function, std::string functionName,
                               std::vector<Metadata> inputMetadata, std::vector<Metadata> outputMetadata)
    : name(std::move(functionName)),
      inputs(std::move(inputMetadata)),
      outputs(std::move(outputMetadata)),
      context_(std::move(context)) {
  Status status;
  TFE_ContextAddFunction(context_.get(), function, status);
  status.check("adding function " + name);
}

TracedFunction::~TracedFunction() {
  Status status;
  TFE_ContextRemoveFunction(context_.get(), name.c_str(), status);
}

TraceGraph::TraceGraph() : graph_(TF_NewGraph()) {}

const TraceGraph::Value& TraceGraph::at(int64_t value) const {
  if (value < 0 || value >= static_cast<int64_t>(values_.size())) {
    throw EngineError("the trace has no value " + std::to_string(value));
  }
  return values_[value];
}

int32_t TraceGraph::addValue(TF_Output output, const std::string& type) {
  Status status;
  const int rank = TF_GraphGetTensorNumDims(graph_.get(), output, status);
  status.check(type);
  Metadata metadata{TF_OperationOutputType(output), {}};
  if (rank > 0) {
    metadata.shape.resize(rank);
    TF_GraphGetTensorShape(graph_.get(), output, metadata.shape.data(), rank, status);
    status.check(type);
  }
  bool known = rank >= 0;
  for (const int64_t dimension : metadata.shape) known = known && dimension >= 0;
  values_.push_back({output, std::move(metadata), known});
  return static_cast<int32_t>(values_.size() - 1);
}

int32_t TraceGraph::addPlaceholder(TF_DataType type, const std::vector<int64_t>& shape) {
  TF_OperationDescription* op = TF_NewOperation(graph_.get(), "Placeholder", nextName("input").c_str());
  TF_SetAttrType(op, "dtype", type);
  TF_SetAttrShape(op, "shape", shape.data(), static_cast<int>(shape.size()));
  Status status;
  TF_Operation* operation = TF_FinishOperation(op, status);
  status.check("Placeholder");
  return addValue({operation, 0}, "Placeholder");
}

int32_t TraceGraph::addConstant(TF_Tensor* value) {
  TF_OperationDescription* op = TF_NewOperation(graph_.get(), "Const", nextName("Const").c_str());
  TF_SetAttrType(op, "dtype", TF_TensorType(value));
  Status attribute;
  TF_SetAttrTensor(op, "value", value, attribute);
  Status status;
  // Finished even if the attribute failed: only finishing frees the description.
  TF_Operation* operation = TF_FinishOperation(op, status);
  attribute.check("Const");
  status.check("Const");
  return addValue({operation, 0}, "Const");
}

std::vector<int32_t> TraceGraph::addOp(const std::string& type, const std::vector<Attribute>& attributes,
                                       const std::vector<int64_t>& inputs, int outputs) {
  checkInputCount(type, inputs.size());
  const Arguments& arguments = argumentsOf(type);
  if (arguments.lists > 1) throw EngineError(type + ": ops with several list arguments cannot be traced");
  std::vector<TF_Output> sources;
  for (const int64_t input : inputs) sources.push_back(at(input).output);

  TF_OperationDescription* op = TF_NewOperation(graph_.get(), type.c_str(), nextName(type).c_str());
  size_t next = 0;
  for (const bool isList : arguments.isList) {
    if (isList) {
      const size_t length = sources.size() - arguments.singles;
      TF_AddInputList(op, sources.data() + next, static_cast<int>(length));
      next += length;
    } else {
      TF_AddInput(op, sources[next++]);
    }
  }
  for (const Attribute& attribute : attributes) apply(attribute, op);
  Status status;
  TF_Operation* operation = TF_FinishOperation(op, status);
  status.check(type);

  if (TF_OperationNumOutputs(operation) < outputs) {
    throw EngineError(type + ": has " + std::to_string(TF_OperationNumOutputs(operation)) + " outputs, not " +
                      std::to_string(outputs));
  }
  if (TF_OperationNumOutputs(operation) == 0) effects_.push_back(operation);
  std::vector<int32_t> results;
  for (int i = 0; i < outputs; i++) results.push_back(addValue({operation, i}, type));
  return results;
}

std::unique_ptr<TracedFunction> TraceGraph::finish(std::shared_ptr<TFE_Context> context, const std::string& name,
                                                   const std::vector<int64_t>& inputs,
                                                   const std::vector<int64_t>& outputs) {
  std::vector<TF_Output> arguments, results;
  std::vector<Metadata> argumentMetadata, resultMetadata;
  std::vector<std::string> resultNames;
  for (const int64_t input : inputs) {
    arguments.push_back(at(input).output);
    argumentMetadata.push_back(at(input).metadata);
  }
  for (const int64_t output : outputs) {
    if (!at(output).shapeKnown) throw EngineError(name + ": a result's shape depends on values");
  }
  for (const int64_t output : outputs) {
    // An input may be returned as it is, and a value twice; a function's results must be distinct ops.
    const int32_t copy = addOp("Identity", {{"T", at(output).metadata.type}}, {output}, 1)[0];
    results.push_back(values_[copy].output);
    resultMetadata.push_back(values_[copy].metadata);
    resultNames.push_back("result_" + std::to_string(resultNames.size()));
  }
  std::vector<const char*> names;
  for (const std::string& resultName : resultNames) names.push_back(resultName.c_str());
  std::vector<std::string> effectNames;
  for (size_t i = 0; i < effects_.size(); i++) effectNames.push_back("effect_" + std::to_string(i));
  std::vector<const char*> effects;
  for (const std::string& effectName : effectNames) effects.push_back(effectName.c_str());

  Status status;
  FunctionPtr function(TF_GraphToFunctionWithControlOutputs(
      graph_.get(), name.c_str(), 0, -1, nullptr, static_cast<int>(arguments.size()), arguments.data(),
      static_cast<int>(results.size()), results.data(), names.data(), static_cast<int>(effects_.size()),
      effects_.data(), effects.data(), nullptr, nullptr, status));
  status.check("finishing function " + name);
  return std::make_unique<TracedFunction>(std::move(context), function.get(), name, std::move(argumentMetadata),
                                          std::move(resultMetadata));
}

const Arguments& argumentsOf(const std::string& type) {
  static std::mutex mutex;
  static std::unordered_map<std::string, Arguments> known;
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = known.find(type);
  if (found != known.end()) return found->second;
  const tensorflow::OpDef* definition = nullptr;
  if (!tensorflow::OpRegistry::Global()->LookUpOpDef(type, &definition).ok()) {
    throw EngineError("TensorFlow has no op " + type);
  }
  Arguments arguments;
  for (const auto& argument : definition->input_arg()) {
    const bool isList = !argument.number_attr().empty() || !argument.type_list_attr().empty();
    arguments.isList.push_back(isList);
    (isList ? arguments.lists : arguments.singles)++;
  }
  return known.emplace(type, std::move(arguments)).first->second;
}

void checkInputCount(const std::string& type, size_t inputs) {
  const Arguments& arguments = argumentsOf(type);
  if (inputs == arguments.singles || (inputs > arguments.singles && arguments.lists > 0)) return;
  throw EngineError(type + ": takes " + std::to_string(arguments.singles) + " inputs" +
                    (arguments.lists > 0 ? " or more" : "") + ", not " + std::to_string(inputs));
}

}  // namespace phalanx
