import * as tf from '@tensorflow/tfjs-core';
import { maxPool2d } from '../engine/ops/maxPool2d.ts';
import type { Context } from './context.ts';
import { Layer } from './module.ts';

export interface PoolOptions {
  readonly kernelSize: number;
  readonly stride: number;
  /** Pixels on each of the four sides that never win, as in PyTorch. Default 0. */
  readonly padding?: number;
}

/** `torch.nn.MaxPool2d` */
export class MaxPool2d extends Layer {
  readonly options: Required<PoolOptions>;

  constructor({ kernelSize, stride, padding = 0 }: PoolOptions) {
    super();
    this.options = { kernelSize, stride, padding };
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const { kernelSize: kernel, stride, padding } = this.options;
    const y = maxPool2d(x, { kernel, stride, padding });
    context.observe?.(this, x, y);
    return y;
  }
}

/** `torch.nn.AvgPool2d` without padding */
export class AveragePool2d extends Layer {
  readonly options: Required<Omit<PoolOptions, 'padding'>>;

  constructor({ kernelSize, stride }: Omit<PoolOptions, 'padding'>) {
    super();
    this.options = { kernelSize, stride };
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const y = tf.avgPool(x, this.options.kernelSize, this.options.stride, 'valid');
    context.observe?.(this, x, y);
    return y;
  }
}

/** `torch.nn.AdaptiveAvgPool2d(1)`: `[N, H, W, C]` to `[N, 1, 1, C]`. */
export class GlobalAveragePool2d extends Layer {
  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const y = tf.mean<tf.Tensor4D>(x, [1, 2], true);
    context.observe?.(this, x, y);
    return y;
  }
}
