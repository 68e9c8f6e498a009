import type * as tf from '@tensorflow/tfjs-core';
import { maxPool3d } from '../engine/ops/maxPool3d.ts';
import type { Context } from './context.ts';
import { VolumeLayer } from './volumeLayer.ts';

/** `torch.nn.MaxPool3d` without padding */
export class MaxPool3d extends VolumeLayer {
  readonly options: { readonly kernelSize: number; readonly stride: number };

  constructor({ kernelSize, stride = kernelSize }: { kernelSize: number; stride?: number }) {
    super();
    this.options = { kernelSize, stride };
  }

  override forward(x: tf.Tensor5D, context: Context): tf.Tensor5D {
    const { kernelSize: kernel, stride } = this.options;
    const y = maxPool3d(x, { kernel, stride });
    context.observe?.(this, x, y);
    return y;
  }
}
