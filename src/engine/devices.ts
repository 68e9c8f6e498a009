import { PhalanxError, messageOf } from '../core/errors.ts';
import { configProto } from './configProto.ts';
import type { NativeEngine } from './native.ts';

/** `auto`: the first GPU where there is one that TensorFlow can use, else the processor. `gpu:1` is the second. */
export type DeviceChoice = 'auto' | 'cpu' | 'gpu' | `gpu:${number}`;

/** Where the engine computes, and how much of a GPU it takes. */
export interface DeviceOptions {
  /** Default `auto`. */
  readonly device?: DeviceChoice;
  /** Take a GPU's memory as it is needed, not nearly all of it at once. Default true. */
  readonly memoryGrowth?: boolean;
  /** The share of the GPU's memory that may be taken, in (0, 1]. Left out: TensorFlow's, nearly all. */
  readonly memoryFraction?: number | undefined;
}

/**
 * Opens TensorFlow on the chosen device.
 *
 * @throws PhalanxError `engine/device` when it is not there, `engine/memory-fraction`
 */
export function openDevice(native: NativeEngine, threads: number, options: DeviceOptions): void {
  const { device = 'auto', memoryGrowth = true, memoryFraction } = options;
  const match = /^(auto|cpu|gpu)(?:(?<=gpu):(\d{1,3}))?$/.exec(device);
  if (match === null) {
    throw new PhalanxError('engine/device', {
      what: 'There is no such device',
      expected: 'auto, cpu, gpu or gpu:N',
      received: device,
    });
  }
  if (memoryFraction !== undefined && !(memoryFraction > 0 && memoryFraction <= 1)) {
    throw new PhalanxError('engine/memory-fraction', {
      what: "The share of the GPU's memory is not possible",
      expected: 'a number above 0 and up to 1',
      received: String(memoryFraction),
    });
  }
  const visible = device === 'cpu' ? 'none' : Number(match[2] ?? 0);
  const config = configProto({ bfloat16: false, threads, gpu: { visible, memoryGrowth, memoryFraction } });
  const wantsGpu = match[1] === 'gpu';
  try {
    native.open(config, wantsGpu ? 'GPU' : undefined);
  } catch (cause) {
    if (!wantsGpu) throw cause;
    throw new PhalanxError(
      'engine/device',
      {
        what: `The engine cannot use ${device}`,
        received: messageOf(cause).replace(/\.$/, ''),
        fix:
          'Set the CUDA engine up with `npm run setup -- --cuda`, check with `nvidia-smi` that the driver sees the ' +
          'GPU (its first one is gpu:0), or choose the device cpu or auto',
      },
      { cause },
    );
  }
}
