// Op attributes as JavaScript gives them: { name, type: TF_AttrType, value }.
#pragma once

#include <napi.h>

#include <string>
#include <variant>
#include <vector>

#include "handles.h"

namespace phalanx {

struct ShapeValue {
  std::vector<int64_t> dimensions;
};

struct Attribute {
  std::string name;
  std::variant<std::string, int64_t, float, bool, TF_DataType, ShapeValue, std::vector<int64_t>, std::vector<float>,
               std::vector<bool>, std::vector<TF_DataType>>
      value;
};

std::vector<Attribute> readAttributes(const Napi::Value& list);

void apply(const Attribute& attribute, TFE_Op* op);
void apply(const Attribute& attribute, TF_OperationDescription* op);

/// Array of numbers, or an Int32Array; throws EngineError naming `what` on anything else.
std::vector<int64_t> readIntegers(const Napi::Value& value, const char* what);
/// Dimensions, all of them non-negative.
std::vector<int64_t> readShape(const Napi::Value& value);

}  // namespace phalanx
