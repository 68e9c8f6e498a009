import type * as tf from '@tensorflow/tfjs-core';
import { biasAdd } from '../engine/ops/biasAdd.ts';
import { conv3d } from '../engine/ops/conv3d.ts';
import type { Context } from './context.ts';
import { torchDefaultBias, torchDefaultKernel } from './initializers.ts';
import { Parameter } from './parameter.ts';
import { VolumeLayer } from './volumeLayer.ts';

export interface Conv3dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  /** Default 1. */
  readonly stride?: number;
  /** Zeros on each of the six sides. Default 0. */
  readonly padding?: number;
  /** Default true. */
  readonly bias?: boolean;
}

/**
 * `torch.nn.Conv3d`: `[N, D, H, W, inChannels]` to `[N, D', H', W', outChannels]`; state `weight` and, if any, `bias`,
 * with PyTorch's first values.
 */
export class Conv3d extends VolumeLayer {
  readonly options: Readonly<Required<Conv3dOptions>>;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor({ inChannels, outChannels, kernelSize, stride = 1, padding = 0, bias = true }: Conv3dOptions) {
    super();
    this.options = { inChannels, outChannels, kernelSize, stride, padding, bias };
    const shape = [kernelSize, kernelSize, kernelSize, inChannels, outChannels];
    this.weight = this.register('weight', new Parameter({ shape, initializer: torchDefaultKernel }));
    this.bias = bias
      ? this.register('bias', new Parameter({ shape: [outChannels], initializer: torchDefaultBias(shape) }))
      : undefined;
  }

  override forward(x: tf.Tensor5D, context: Context): tf.Tensor5D {
    const { stride, padding } = this.options;
    const convolved = conv3d(x, this.weight.variable as tf.Tensor as tf.Tensor5D, { stride, padding });
    const bias = this.bias?.variable as tf.Tensor1D | undefined;
    const y = bias === undefined ? convolved : biasAdd(convolved, bias);
    context.observe?.(this, x, y);
    return y;
  }
}
