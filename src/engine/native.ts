import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PhalanxError, messageOf } from '../core/errors.ts';

/** TensorFlow's numbers for data types (`TF_DataType`). */
export const nativeType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  resource: 20,
} as const;

/** TensorFlow's numbers for kinds of op attributes (`TF_AttrType`). */
export const attributeKind = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export type TensorValues = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** A tensor by number; `shape` is null where only computing it would tell. */
export interface NativeTensor<Shape = readonly number[]> {
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: number;
}

/** A device as TensorFlow lists it. */
export interface EngineDevice {
  /** For example `/job:localhost/replica:0/task:0/device:GPU:0`. */
  readonly name: string;
  /** `CPU` or `GPU`. */
  readonly type: string;
  /** Memory that TensorFlow may take; for a processor it is not a limit. */
  readonly bytes: number;
}

/** What `build/native/engine.node` offers; see `native/tensorflow/addon.cc`. Every call may throw an Error. */
export interface NativeEngine {
  readonly TF_Version: string;
  /** Starts TensorFlow with a `ConfigProto`; throws when it then has no device of this type, such as `GPU`. */
  open(config: Uint8Array, deviceType?: string): void;
  /** Waits for the call in progress and drops the queued ones; for the end of the process. */
  close(): void;
  createTensor(shape: readonly number[], type: number, values: TensorValues): number;
  deleteTensor(id: number): void;
  /** Type and shape, for errors. */
  describeTensor(id: number): string;
  tensorDataSync(id: number): TensorValues;
  tensorData(id: number): Promise<TensorValues>;
  executeOp(
    type: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor[];
  newGraph(): number;
  deleteGraph(graph: number): void;
  graphPlaceholder(graph: number, shape: readonly number[], type: number): number;
  graphConstant(graph: number, shape: readonly number[], type: number, values: TensorValues): number;
  graphOp(
    graph: number,
    type: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor<readonly number[] | null>[];
  finishGraph(graph: number, name: string, inputs: readonly number[], outputs: readonly number[]): number;
  deleteFunction(id: number): void;
  newCancellation(): number;
  /** Stops the calls that were given it. */
  cancel(cancellation: number): void;
  deleteCancellation(cancellation: number): void;
  runFunction(
    id: number,
    config: Uint8Array,
    inputs: readonly number[],
    fallbacks: readonly number[],
    cancellation?: number,
  ): { outputs: number[]; done: Promise<void> };
  getNumOfTensors(): number;
  /** Throws before `open()`. */
  devices(): EngineDevice[];
  /** Keeps the graphs that functions are run as, from now on. */
  recordPlacement(on: boolean): void;
  /** Every node of the graphs kept since the last call, and where it ran. */
  placement(): { readonly name: string; readonly op: string; readonly device: string }[];
}

/** What builds graphs. */
export type GraphBuilder = Pick<
  NativeEngine,
  'newGraph' | 'deleteGraph' | 'graphPlaceholder' | 'graphConstant' | 'graphOp' | 'finishGraph'
>;

/** @throws PhalanxError `engine/not-built`, `engine/load` */
export function loadNativeEngine(): NativeEngine {
  // PHALANX_NATIVE: another build of the addons, such as the sanitized one.
  const folder =
    process.env['PHALANX_NATIVE'] ?? fileURLToPath(new URL('../../build/native', import.meta.url));
  const path = join(folder, 'engine.node');
  if (!existsSync(path)) {
    throw new PhalanxError('engine/not-built', {
      what: 'The engine is not built',
      where: path,
      fix: 'Run `npm run setup`',
    });
  }
  try {
    const require = createRequire(import.meta.url);
    const { quietly } = require(join(folder, 'quiet.node')) as { quietly: <T>(load: () => T) => T };
    // TensorFlow's chatter while it is loaded; TF_CPP_MIN_LOG_LEVEL=0 shows it.
    if (process.env['TF_CPP_MIN_LOG_LEVEL'] === '0') return require(path) as NativeEngine;
    return quietly(() => require(path) as NativeEngine);
  } catch (cause) {
    throw new PhalanxError(
      'engine/load',
      {
        what: 'The engine could not be loaded',
        where: path,
        received: messageOf(cause),
        fix: 'Run `npm run setup`, which fetches and builds whatever is missing',
      },
      { cause },
    );
  }
}
