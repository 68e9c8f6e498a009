import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { createBinding } from './binding.ts';
import type { NativeEngine, TensorValues } from './native.ts';
import { newTensor } from './newTensor.ts';
import { activeTrace } from './trace.ts';
import { loadNodeBackend } from './tfjsNode.ts';
import type { NodeBackend, TensorData } from './tfjsNode.ts';

/** tfjs-node's backend over the engine, aware of traces. */
export interface PhalanxBackend extends NodeBackend {
  /** The data behind a tensor. */
  dataOf(tensor: tf.TensorInfo): TensorData;
  /** The engine's number for a computed tensor, handing over its values first if the host still holds them. */
  nativeIdOf(tensor: tf.TensorInfo): number;
  /** Another tensor on the same data; dispose it in its own right. */
  share(tensor: tf.TensorInfo): tf.Tensor;
  /** Gives a variable the engine's tensor `id`, of the variable's shape, as its value. */
  assignNative(variable: tf.Variable, id: number, type: number): void;
}

export function createBackend(native: NativeEngine): PhalanxBackend {
  const Base = loadNodeBackend();

  class Backend extends Base implements PhalanxBackend {
    dataOf(tensor: tf.TensorInfo): TensorData {
      // Asked first: get() would look for the data on another backend, of which there is none.
      if (this.tensorMap.has(tensor.dataId)) return this.tensorMap.get(tensor.dataId);
      throw new PhalanxError('engine/disposed', {
        what: `A tensor of shape [${tensor.shape.join(', ')}] was used after it was disposed`,
        fix: 'Dispose it later, or keep it with tf.keep inside tf.tidy',
      });
    }

    nativeIdOf(tensor: tf.TensorInfo): number {
      const data = this.dataOf(tensor);
      if (data.values !== null) {
        data.id = newTensor(native, data.shape, data.dtype, data.values as TensorValues);
        data.values = null;
      }
      if (data.id >= 0) return data.id;
      throw new PhalanxError('engine/symbol-escaped', {
        what: 'A tensor from inside a compiled function was used outside of it',
        expected: 'a computed tensor',
        fix: 'Return the tensor from the function and use what the call resolves to',
      });
    }

    share({ dataId, shape, dtype }: tf.TensorInfo): tf.Tensor {
      this.incRef(dataId);
      return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
    }

    assignNative(variable: tf.Variable, id: number, type: number): void {
      const data = this.dataOf(variable);
      if (data.refCount > 1 || data.values !== null || data.dtype !== type) {
        const value = this.createOutputTensor({ id, shape: variable.shape, dtype: type });
        variable.assign(value);
        value.dispose();
        return;
      }
      // Nobody else sees the data: its number changes, which costs a tenth of a tensor's birth, assignment and end.
      native.deleteTensor(data.id);
      data.id = id;
    }

    override getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[] {
      const trace = activeTrace();
      if (trace === undefined) return tensors.map((tensor) => this.nativeIdOf(tensor));
      return tensors.map((tensor) =>
        trace.symbolOf(tensor, this.dataOf(tensor), () => this.nativeIdOf(tensor)),
      );
    }

    override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
      const dataId = super.write(values, shape, dtype);
      activeTrace()?.hostData.add(dataId);
      return dataId;
    }

    override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
      const data = this.dataOf({ dataId, shape: [], dtype: 'float32' });
      const trace = activeTrace();
      if (trace !== undefined && !(data.values !== null && trace.hostData.has(dataId)))
        trace.refuseReading(data);
      return super.readSync(dataId);
    }

    override read(dataId: tf.DataId): Promise<tf.backend_util.BackendValues> {
      const data = this.dataOf({ dataId, shape: [], dtype: 'float32' });
      const trace = activeTrace();
      if (trace !== undefined) {
        try {
          trace.refuseReading(data);
        } catch {
          // The trace throws it when it ends; a rejected promise would be nobody's.
          return new Promise(() => undefined);
        }
      }
      if (data.values !== null) return Promise.resolve(data.values);
      return native.tensorData(data.id) as Promise<tf.backend_util.BackendValues>;
    }
  }

  return new Backend(createBinding(native), 'phalanx');
}
