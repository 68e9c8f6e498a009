import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { createBackend } from './backend.ts';
import { openDevice } from './devices.ts';
import type { DeviceOptions } from './devices.ts';
import { loadNativeEngine } from './native.ts';
import { registerMixedPrecision } from './mixedPrecision.ts';
import { registerActivationGradients } from './ops/activationGradients.ts';
import { readProcessor } from './processor.ts';
import { runningEngine, setRunningEngine, startedEngine } from './running.ts';
import type { EngineInfo } from './running.ts';

/** Fixed by the first start. */
export interface EngineOptions extends DeviceOptions {
  /** Threads that compute; by default as many as the machine offers. */
  readonly threads?: number | undefined;
}

/**
 * Loads TensorFlow (about 0.2 s) and makes it tfjs' backend. Starting again returns what the first start found.
 * Raises V8's limit of stack frames to 100, so that errors of ops lead to the line that asked for them.
 *
 * @throws PhalanxError `engine/not-built`, `engine/load`, `engine/threads`, `engine/device`, `engine/memory-fraction`
 */
export async function startEngine(options: EngineOptions = {}): Promise<EngineInfo> {
  const running = runningEngine();
  if (running !== undefined) return running.info;
  const threads = options.threads ?? availableParallelism();
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
    throw new PhalanxError('engine/threads', {
      what: 'The number of threads is not possible',
      expected: 'an integer from 1 to 1024',
      received: String(threads),
    });
  }
  // Ten frames, V8's limit, end inside tfjs: the line of who asked for an op lies deeper.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 100);
  const native = loadNativeEngine();
  openDevice(native, threads, options);
  const devices = native.devices();
  const device = devices.some(({ type }) => type === 'GPU') ? 'gpu' : 'cpu';
  process.once('exit', () => native.close());
  const backend = createBackend(native);
  tf.registerBackend('tensorflow', () => backend, 3);
  const processor = readProcessor();
  const info: EngineInfo = {
    version: native.TF_Version,
    device,
    devices,
    threads,
    avx512: processor.avx512,
    // TensorFlow's rewrite to bfloat16 is for processors.
    bfloat16: device === 'cpu' && processor.bfloat16,
  };
  registerActivationGradients();
  registerMixedPrecision();
  setRunningEngine({ native, backend, info });
  await tf.setBackend('tensorflow');
  return info;
}

/** Tensors alive in the engine; for tests of lifetimes. */
export function nativeTensorCount(): number {
  return startedEngine().native.getNumOfTensors();
}
