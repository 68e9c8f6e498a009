import * as tf from '@tensorflow/tfjs-core';
import { convTranspose2d } from '../engine/ops/conv2d.ts';
import type { Context } from './context.ts';
import { torchDefaultBias, torchDefaultKernel } from './initializers.ts';
import type { Initializer } from './initializers.ts';
import { Layer } from './module.ts';
import { Parameter } from './parameter.ts';

export interface ConvTranspose2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  /** Default 1. */
  readonly stride?: number;
  /** Pixels cut from each of the four sides of the result, as in PyTorch. Default 0. */
  readonly padding?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: PyTorch's own for both. */
  readonly kernelInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/**
 * `torch.nn.ConvTranspose2d`: `[N, H, W, inChannels]` to
 * `[N, (H - 1)·stride - 2·padding + kernelSize, …, outChannels]`; state `weight` and, if any, `bias`.
 */
export class ConvTranspose2d extends Layer {
  readonly options: Required<Omit<ConvTranspose2dOptions, 'kernelInitializer' | 'biasInitializer'>>;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor({
    inChannels,
    outChannels,
    kernelSize,
    stride = 1,
    padding = 0,
    bias = true,
    kernelInitializer = torchDefaultKernel,
    biasInitializer,
  }: ConvTranspose2dOptions) {
    super();
    this.options = { inChannels, outChannels, kernelSize, stride, padding, bias };
    const shape = [kernelSize, kernelSize, outChannels, inChannels];
    this.weight = this.register('weight', new Parameter({ shape, initializer: kernelInitializer }));
    this.bias = bias
      ? this.register(
          'bias',
          new Parameter({ shape: [outChannels], initializer: biasInitializer ?? torchDefaultBias(shape) }),
        )
      : undefined;
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const { stride, padding } = this.options;
    const spread = convTranspose2d(x, this.weight.variable as tf.Tensor4D, { stride, padding });
    const y = this.bias === undefined ? spread : tf.add<tf.Tensor4D>(spread, this.bias.variable);
    context.observe?.(this, x, y);
    return y;
  }
}
