import { PhalanxError } from '../core/errors.ts';
import type { PhalanxBackend } from './backend.ts';
import type { EngineDevice, NativeEngine } from './native.ts';
import type { Processor } from './processor.ts';

export interface EngineInfo extends Processor {
  /** TensorFlow's version. */
  readonly version: string;
  /** Where ops with a kernel for it run: the GPU where TensorFlow has one to use. */
  readonly device: 'cpu' | 'gpu';
  /** All that TensorFlow may use. */
  readonly devices: readonly EngineDevice[];
  readonly threads: number;
}

export interface StartedEngine {
  readonly native: NativeEngine;
  readonly backend: PhalanxBackend;
  readonly info: EngineInfo;
}

let running: StartedEngine | undefined;

export function runningEngine(): StartedEngine | undefined {
  return running;
}

export function setRunningEngine(engine: StartedEngine): void {
  running = engine;
}

/** @throws PhalanxError `engine/not-started` */
export function startedEngine(): StartedEngine {
  if (running !== undefined) return running;
  throw new PhalanxError('engine/not-started', {
    what: 'The engine is not started',
    fix: 'Call `await startEngine()` before computing with tensors',
  });
}
