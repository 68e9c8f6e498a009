import type * as tf from '@tensorflow/tfjs-core';
import { layerNorm } from '../engine/ops/layerNorm.ts';
import type { Context } from './context.ts';
import { ones, zeros } from './initializers.ts';
import { Layer } from './module.ts';
import { Parameter } from './parameter.ts';

export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/** `torch.nn.LayerNorm` over the channels of each pixel: `[N, H, W, channels]` to the same shape. */
export class LayerNorm extends Layer {
  readonly epsilon: number;
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(channels: number, { epsilon = 1e-5 }: LayerNormOptions = {}) {
    super();
    this.epsilon = epsilon;
    this.weight = this.register('weight', new Parameter({ shape: [channels], initializer: ones }));
    this.bias = this.register('bias', new Parameter({ shape: [channels], initializer: zeros }));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const scale = this.weight.variable as tf.Tensor as tf.Tensor1D;
    const offset = this.bias.variable as tf.Tensor as tf.Tensor1D;
    const y = layerNorm(x, scale, offset, this.epsilon);
    context.observe?.(this, x, y);
    return y;
  }
}
