import type * as tf from '@tensorflow/tfjs-core';
import { biasAdd } from '../engine/ops/biasAdd.ts';
import { convTranspose3d } from '../engine/ops/conv3d.ts';
import type { Context } from './context.ts';
import type { Conv3dOptions } from './conv3d.ts';
import { torchDefaultBias, torchDefaultKernel } from './initializers.ts';
import { Parameter } from './parameter.ts';
import { VolumeLayer } from './volumeLayer.ts';

/**
 * `torch.nn.ConvTranspose3d`: `[N, D, H, W, inChannels]` to
 * `[N, (D - 1)·stride - 2·padding + kernelSize, …, outChannels]`; state `weight` and, if any, `bias`, with PyTorch's
 * first values. `padding` is cut from each of the six sides of the result.
 */
export class ConvTranspose3d extends VolumeLayer {
  readonly options: Readonly<Required<Conv3dOptions>>;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor({ inChannels, outChannels, kernelSize, stride = 1, padding = 0, bias = true }: Conv3dOptions) {
    super();
    this.options = { inChannels, outChannels, kernelSize, stride, padding, bias };
    const shape = [kernelSize, kernelSize, kernelSize, outChannels, inChannels];
    this.weight = this.register('weight', new Parameter({ shape, initializer: torchDefaultKernel }));
    this.bias = bias
      ? this.register('bias', new Parameter({ shape: [outChannels], initializer: torchDefaultBias(shape) }))
      : undefined;
  }

  override forward(x: tf.Tensor5D, context: Context): tf.Tensor5D {
    const { stride, padding } = this.options;
    const weight = this.weight.variable as tf.Tensor as tf.Tensor5D;
    const spread = convTranspose3d(x, weight, { stride, padding });
    const bias = this.bias?.variable as tf.Tensor1D | undefined;
    const y = bias === undefined ? spread : biasAdd(spread, bias);
    context.observe?.(this, x, y);
    return y;
  }
}
