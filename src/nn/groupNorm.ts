import type * as tf from '@tensorflow/tfjs-core';
import { groupNorm } from '../engine/ops/groupNorm.ts';
import type { Context } from './context.ts';
import { ones, zeros } from './initializers.ts';
import { Layer } from './module.ts';
import { Parameter } from './parameter.ts';

export interface GroupNormOptions {
  /** Divides the channels. */
  readonly groups: number;
  readonly channels: number;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/** `torch.nn.GroupNorm`: normalizes each group of channels of each sample; `[N, H, W, channels]` to the same shape. */
export class GroupNorm extends Layer {
  readonly groups: number;
  readonly epsilon: number;
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor({ groups, channels, epsilon = 1e-5 }: GroupNormOptions) {
    super();
    if (channels % groups !== 0) throw new Error(`${groups} groups do not divide ${channels} channels`);
    this.groups = groups;
    this.epsilon = epsilon;
    this.weight = this.register('weight', new Parameter({ shape: [channels], initializer: ones }));
    this.bias = this.register('bias', new Parameter({ shape: [channels], initializer: zeros }));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const { groups, epsilon } = this;
    const scale = this.weight.variable as tf.Tensor as tf.Tensor1D;
    const offset = this.bias.variable as tf.Tensor as tf.Tensor1D;
    const y = groupNorm(x, scale, offset, { groups, epsilon });
    context.observe?.(this, x, y);
    return y;
  }
}
