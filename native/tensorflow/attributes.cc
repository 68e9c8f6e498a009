#include "attributes.h"

#include <cmath>

#include "tensors.h"

namespace phalanx {
namespace {

template <typename T, typename Read>
std::vector<T> readList(const Napi::Array& array, Read read) {
  std::vector<T> list;
  list.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) list.push_back(read(array.Get(i)));
  return list;
}

int64_t readInteger(const Napi::Value& value, const std::string& what) {
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    if (std::trunc(number) == number && std::abs(number) <= 9007199254740991.0) return static_cast<int64_t>(number);
  }
  throw EngineError(what + " must be an integer");
}

float readFloat(const Napi::Value& value, const std::string& what) {
  if (!value.IsNumber()) throw EngineError(what + " must be a number");
  return value.As<Napi::Number>().FloatValue();
}

/// TensorFlow ends the process over a shape whose elements cannot be counted.
void checkCount(const std::vector<int64_t>& shape, const std::string& what) {
  int64_t elements = 1;
  for (const int64_t dimension : shape) {
    if (dimension <= 0) continue;
    if (elements > INT64_MAX / dimension) throw EngineError(what + " has more elements than can be counted");
    elements *= dimension;
  }
}

/// Dimensions of an attribute; -1 where one is unknown.
ShapeValue readShapeValue(const Napi::Value& value, const std::string& what) {
  std::vector<int64_t> shape = readIntegers(value, what.c_str());
  for (const int64_t dimension : shape) {
    if (dimension < -1) throw EngineError(what + " must not have negative dimensions");
  }
  checkCount(shape, what);
  return {std::move(shape)};
}

Attribute readAttribute(const Napi::Value& item) {
  if (!item.IsObject()) throw EngineError("an attribute must be { name, type, value }");
  const Napi::Object object = item.As<Napi::Object>();
  const Napi::Value nameValue = object.Get("name");
  if (!nameValue.IsString()) throw EngineError("an attribute's name must be a string");
  const std::string name = nameValue.As<Napi::String>().Utf8Value();
  const std::string what = "attribute " + name;
  const Napi::Value value = object.Get("value");
  const bool isList = value.IsArray();
  switch (readInteger(object.Get("type"), what + "'s type")) {
    case TF_ATTR_STRING:
      if (value.IsTypedArray()) {
        // Bytes, for serialized messages: a JavaScript string would pass through UTF-8.
        const auto bytes = value.As<Napi::TypedArray>();
        const auto* data = static_cast<const char*>(bytes.ArrayBuffer().Data()) + bytes.ByteOffset();
        return {name, std::string(data, bytes.ByteLength())};
      }
      if (!value.IsString()) throw EngineError(what + " must be a string");
      return {name, value.As<Napi::String>().Utf8Value()};
    case TF_ATTR_INT:
      if (isList) return {name, readIntegers(value, what.c_str())};
      return {name, readInteger(value, what)};
    case TF_ATTR_FLOAT:
      if (isList) {
        return {name, readList<float>(value.As<Napi::Array>(), [&](Napi::Value v) { return readFloat(v, what); })};
      }
      return {name, readFloat(value, what)};
    case TF_ATTR_BOOL:
      if (isList) {
        return {name, readList<bool>(value.As<Napi::Array>(), [](Napi::Value v) { return v.ToBoolean().Value(); })};
      }
      return {name, value.ToBoolean().Value()};
    case TF_ATTR_TYPE:
      if (isList) return {name, readList<TF_DataType>(value.As<Napi::Array>(), readType)};
      return {name, readType(value)};
    case TF_ATTR_SHAPE:
      return {name, readShapeValue(value, what)};
    default:
      throw EngineError(what + " is of a type that the engine does not pass on");
  }
}

std::vector<unsigned char> toBytes(const std::vector<bool>& list) { return {list.begin(), list.end()}; }

}  // namespace

std::vector<Attribute> readAttributes(const Napi::Value& list) {
  if (!list.IsArray()) throw EngineError("attributes must be an array");
  return readList<Attribute>(list.As<Napi::Array>(), readAttribute);
}

std::vector<int64_t> readIntegers(const Napi::Value& value, const char* what) {
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_int32_array) {
    const auto array = value.As<Napi::Int32Array>();
    return {array.Data(), array.Data() + array.ElementLength()};
  }
  if (!value.IsArray()) throw EngineError(std::string(what) + " must be an array of integers");
  return readList<int64_t>(value.As<Napi::Array>(), [&](Napi::Value v) { return readInteger(v, what); });
}

std::vector<int64_t> readShape(const Napi::Value& value) {
  std::vector<int64_t> shape = readIntegers(value, "shape");
  for (const int64_t dimension : shape) {
    if (dimension < 0) throw EngineError("shape must not have negative dimensions");
  }
  checkCount(shape, "shape");
  return shape;
}

void apply(const Attribute& attribute, TFE_Op* op) {
  const char* name = attribute.name.c_str();
  Status status;
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) TFE_OpSetAttrString(op, name, value.data(), value.size());
        if constexpr (std::is_same_v<T, int64_t>) TFE_OpSetAttrInt(op, name, value);
        if constexpr (std::is_same_v<T, float>) TFE_OpSetAttrFloat(op, name, value);
        if constexpr (std::is_same_v<T, bool>) TFE_OpSetAttrBool(op, name, value);
        if constexpr (std::is_same_v<T, TF_DataType>) TFE_OpSetAttrType(op, name, value);
        if constexpr (std::is_same_v<T, ShapeValue>) {
          TFE_OpSetAttrShape(op, name, value.dimensions.data(), static_cast<int>(value.dimensions.size()), status);
        }
        if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
          TFE_OpSetAttrIntList(op, name, value.data(), static_cast<int>(value.size()));
        }
        if constexpr (std::is_same_v<T, std::vector<float>>) {
          TFE_OpSetAttrFloatList(op, name, value.data(), static_cast<int>(value.size()));
        }
        if constexpr (std::is_same_v<T, std::vector<bool>>) {
          TFE_OpSetAttrBoolList(op, name, toBytes(value).data(), static_cast<int>(value.size()));
        }
        if constexpr (std::is_same_v<T, std::vector<TF_DataType>>) {
          TFE_OpSetAttrTypeList(op, name, value.data(), static_cast<int>(value.size()));
        }
      },
      attribute.value);
  status.check("attribute " + attribute.name);
}

void apply(const Attribute& attribute, TF_OperationDescription* op) {
  const char* name = attribute.name.c_str();
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) TF_SetAttrString(op, name, value.data(), value.size());
        if constexpr (std::is_same_v<T, int64_t>) TF_SetAttrInt(op, name, value);
        if constexpr (std::is_same_v<T, float>) TF_SetAttrFloat(op, name, value);
        if constexpr (std::is_same_v<T, bool>) TF_SetAttrBool(op, name, value);
        if constexpr (std::is_same_v<T, TF_DataType>) TF_SetAttrType(op, name, value);
        if constexpr (std::is_same_v<T, ShapeValue>) {
          TF_SetAttrShape(op, name, value.dimensions.data(), static_cast<int>(value.dimensions.size()));
        }
        if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
          TF_SetAttrIntList(op, name, value.data(), static_cast<int>(value.size()));
        }
        if constexpr (std::is_same_v<T, std::vector<float>>) {
          TF_SetAttrFloatList(op, name, value.data(), static_cast<int>(value.size()));
        }
        if constexpr (std::is_same_v<T, std::vector<bool>>) {
          TF_SetAttrBoolList(op, name, toBytes(value).data(), static_cast<int>(value.size()));
        }
        if constexpr (std::is_same_v<T, std::vector<TF_DataType>>) {
          TF_SetAttrTypeList(op, name, value.data(), static_cast<int>(value.size()));
        }
      },
      attribute.value);
}

}  // namespace phalanx
