import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../engine/ops/batchNorm.ts';
import { BatchNorm2d } from './batchNorm2d.ts';
import type { BatchNorm2dOptions } from './batchNorm2d.ts';
import type { Context } from './context.ts';
import { stackSlices, unstackSlices, VolumeLayer } from './volumeLayer.ts';

/** `torch.nn.BatchNorm3d`: `BatchNorm2d` of the slices of all volumes, `[N, D, H, W, channels]` to the same shape. */
export class BatchNorm3d extends VolumeLayer {
  readonly #slices: BatchNorm2d;

  constructor(channels: number, options: BatchNorm2dOptions = {}) {
    super();
    this.#slices = new BatchNorm2d(channels, options);
    for (const [name, state] of this.#slices.namedState()) this.register(name, state);
  }

  /** @throws PhalanxError `model/batch-statistics` when training on a single value per channel. */
  override forward(x: tf.Tensor5D, context: Context): tf.Tensor5D {
    return this.forwardWith(x, 'none', context);
  }

  /** The same with what comes after it, which while training costs no pass over memory of its own. */
  forwardWith(x: tf.Tensor5D, activation: Activation, context: Context): tf.Tensor5D {
    const { observe, ...inner } = context;
    const y = unstackSlices(this.#slices.forwardWith(stackSlices(x), { activation }, inner), x.shape[1]);
    observe?.(this, x, y);
    return y;
  }
}
