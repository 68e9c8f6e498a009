import { PhalanxError, messageOf } from '../core/errors.ts';
import { attributeKind, nativeType } from './native.ts';
import type { NativeEngine, NativeTensor, OpAttribute, TensorValues } from './native.ts';
import { newTensor } from './newTensor.ts';
import { activeTrace } from './trace.ts';
import { opFailed } from './opErrors.ts';

/**
 * tfjs-node's binding contract (`TFJSBinding`): each op is run at once, or recorded while a function is traced.
 * Numbers below zero are values of a trace.
 */
export function createBinding(native: NativeEngine): object {
  const unsupported = (what: string) => () => {
    throw new PhalanxError('engine/unsupported', { what: `${what} is not supported by the engine` });
  };
  return {
    createTensor(shape: readonly number[], type: number, values: unknown): number {
      const typed = toTyped(type, values);
      return activeTrace()?.addConstant(shape, type, typed) ?? newTensor(native, shape, type, typed);
    },
    deleteTensor: (id: number) => native.deleteTensor(id),
    tensorDataSync: (id: number) => native.tensorDataSync(id),
    executeOp(
      type: string,
      attributes: readonly OpAttribute[],
      inputs: readonly number[],
      outputs: number,
    ): NativeTensor[] {
      const trace = activeTrace();
      if (trace !== undefined) return trace.addOp(type, attributes, inputs, outputs);
      try {
        return native.executeOp(type, attributes, inputs, outputs);
      } catch (cause) {
        const described = inputs.map((id) => native.describeTensor(id)).join(', ');
        throw opFailed(type, messageOf(cause), cause, { inputs: described });
      }
    },
    getNumOfTensors: () => native.getNumOfTensors(),
    isUsingGpuDevice: () => native.devices().some(({ type }) => type === 'GPU'),
    loadSavedModel: unsupported('Loading a SavedModel'),
    deleteSavedModel: unsupported('Deleting a SavedModel'),
    runSavedModel: unsupported('Running a SavedModel'),
    getNumOfSavedModels: () => 0,
    TF_FLOAT: nativeType.float32,
    TF_INT32: nativeType.int32,
    TF_INT64: nativeType.int64,
    TF_BOOL: nativeType.bool,
    TF_COMPLEX64: nativeType.complex64,
    TF_STRING: nativeType.string,
    TF_RESOURCE: nativeType.resource,
    TF_UINT8: nativeType.uint8,
    TF_ATTR_STRING: attributeKind.string,
    TF_ATTR_INT: attributeKind.int,
    TF_ATTR_FLOAT: attributeKind.float,
    TF_ATTR_BOOL: attributeKind.bool,
    TF_ATTR_TYPE: attributeKind.type,
    TF_ATTR_SHAPE: attributeKind.shape,
    TF_Version: native.TF_Version,
  };
}

/** tfjs mostly hands over typed arrays, sometimes plain ones. */
function toTyped(type: number, values: unknown): TensorValues {
  if (ArrayBuffer.isView(values)) return values as TensorValues;
  const numbers = values as ArrayLike<number>;
  if (type === nativeType.float32) return Float32Array.from(numbers);
  if (type === nativeType.int32) return Int32Array.from(numbers);
  if (type === nativeType.bool || type === nativeType.uint8) return Uint8Array.from(numbers);
  throw new PhalanxError('engine/unsupported', {
    what: 'Tensors of strings are not supported by the engine',
    expected: 'numbers or booleans',
  });
}
