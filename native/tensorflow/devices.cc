// Where things are computed: the devices that TensorFlow found, and what it placed on them.
#include "engine.h"
#include "tensorflow/core/protobuf/config.pb.h"

namespace phalanx {
namespace {

using DeviceListPtr = std::unique_ptr<TF_DeviceList, Freeing<TF_DeleteDeviceList>>;

/// devices(): [{ name, type, bytes }] as TensorFlow lists them.
Napi::Value devices(Info info) {
  Status status;
  const DeviceListPtr list(TFE_ContextListDevices(contextOf(engineOf(info)), status));
  status.check("listing the devices");
  Napi::Array result = Napi::Array::New(info.Env());
  for (int i = 0; i < TF_DeviceListCount(list.get()); i++) {
    Napi::Object device = Napi::Object::New(info.Env());
    device.Set("name", TF_DeviceListName(list.get(), i, status));
    device.Set("type", TF_DeviceListType(list.get(), i, status));
    device.Set("bytes", static_cast<double>(TF_DeviceListMemoryBytes(list.get(), i, status)));
    status.check("a device");
    result.Set(static_cast<uint32_t>(i), device);
  }
  return result;
}

/// recordPlacement(on): from now on, keeps the graphs that functions are run as.
Napi::Value recordPlacement(Info info) {
  TFE_Context* context = contextOf(engineOf(info));
  if (!info[0].IsBoolean()) throw EngineError("recordPlacement() takes a boolean");
  if (info[0].As<Napi::Boolean>().Value()) {
    TFE_ContextEnableGraphCollection(context);
  } else {
    TFE_ContextDisableGraphCollection(context);
  }
  return info.Env().Undefined();
}

/// placement(): [{ name, op, device }] of every node in the graphs kept since the last call, as they were run.
Napi::Value placement(Info info) {
  TFE_Context* context = contextOf(engineOf(info));
  const BufferPtr buffer(TF_NewBuffer());
  Status status;
  TFE_ContextExportRunMetadata(context, buffer.get(), status);
  status.check("reading the placement");
  tensorflow::RunMetadata metadata;
  if (!metadata.ParseFromArray(buffer->data, static_cast<int>(buffer->length))) {
    throw EngineError("the placement cannot be read");
  }
  Napi::Array result = Napi::Array::New(info.Env());
  uint32_t count = 0;
  for (const tensorflow::GraphDef& graph : metadata.partition_graphs()) {
    for (const tensorflow::NodeDef& node : graph.node()) {
      Napi::Object item = Napi::Object::New(info.Env());
      item.Set("name", node.name());
      item.Set("op", node.op());
      item.Set("device", node.device());
      result.Set(count++, item);
    }
  }
  return result;
}

}  // namespace

void requireDevice(TFE_Context* context, const std::string& type) {
  Status status;
  const DeviceListPtr list(TFE_ContextListDevices(context, status));
  status.check("listing the devices");
  for (int i = 0; i < TF_DeviceListCount(list.get()); i++) {
    if (type == TF_DeviceListType(list.get(), i, status)) return;
  }
  throw EngineError("TensorFlow found no device of type " + type);
}

void defineDevices(Napi::Object exports) {
  define<devices>(exports, "devices");
  define<recordPlacement>(exports, "recordPlacement");
  define<placement>(exports, "placement");
}

}  // namespace phalanx
