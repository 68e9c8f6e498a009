import { createRequire } from 'node:module';
import type * as tf from '@tensorflow/tfjs-core';
import type { OpAttribute } from './native.ts';

/** What tfjs-node's backend knows about one piece of data; `values` holds host data that the engine has not seen. */
export interface TensorData {
  readonly shape: number[];
  /** TensorFlow's number of the type. */
  readonly dtype: number;
  id: number;
  values: tf.backend_util.BackendValues | null;
  refCount: number;
}

/** The parts of `NodeJSKernelBackend` that Phalanx builds on; the published declarations hide some of them. */
export interface NodeBackend extends tf.KernelBackend {
  readonly tensorMap: {
    get(dataId: tf.DataId): TensorData;
    set(dataId: tf.DataId, data: TensorData): void;
    has(dataId: tf.DataId): boolean;
  };
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(metadata: { id: number; shape: readonly number[]; dtype: number }): tf.Tensor;
  executeMultipleOutputs(
    type: string,
    attributes: readonly OpAttribute[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
  readSync(dataId: tf.DataId): tf.backend_util.BackendValues;
  read(dataId: tf.DataId): Promise<tf.backend_util.BackendValues>;
}

export type NodeBackendClass = new (binding: object, packageName: string) => NodeBackend;

/**
 * Loads tfjs-node's backend class and registers its kernels. Not through the package's index: that would load a
 * TensorFlow binary of its own.
 */
export function loadNodeBackend(): NodeBackendClass {
  const require = createRequire(import.meta.url);
  // Gone in Node 23, deprecated before; the kernels call them.
  const util = require('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined;
  util['isArray'] = Array.isArray;
  const folder = '@tensorflow/tfjs-node-gpu/dist';
  const loaded = require(`${folder}/nodejs_kernel_backend.js`) as { NodeJSKernelBackend: NodeBackendClass };
  require(`${folder}/register_all_kernels.js`);
  return loaded.NodeJSKernelBackend;
}
