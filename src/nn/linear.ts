import type * as tf from '@tensorflow/tfjs-core';
import { linear } from '../engine/ops/linear.ts';
import type { Context } from './context.ts';
import { torchDefaultBias, torchDefaultKernel } from './initializers.ts';
import type { Initializer } from './initializers.ts';
import { Layer } from './module.ts';
import { Parameter } from './parameter.ts';

export interface LinearOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: PyTorch's own for both. */
  readonly kernelInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/** `torch.nn.Linear` on the last axis: `[N, H, W, inChannels]` to `[N, H, W, outChannels]`; state `weight` and, if any, `bias`. */
export class Linear extends Layer {
  readonly options: Readonly<Required<Pick<LinearOptions, 'inChannels' | 'outChannels' | 'bias'>>>;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor({
    inChannels,
    outChannels,
    bias = true,
    kernelInitializer = torchDefaultKernel,
    biasInitializer,
  }: LinearOptions) {
    super();
    this.options = { inChannels, outChannels, bias };
    const shape = [inChannels, outChannels];
    this.weight = this.register('weight', new Parameter({ shape, initializer: kernelInitializer }));
    this.bias = bias
      ? this.register(
          'bias',
          new Parameter({ shape: [outChannels], initializer: biasInitializer ?? torchDefaultBias(shape) }),
        )
      : undefined;
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const weight = this.weight.variable as tf.Tensor as tf.Tensor2D;
    const y = linear(x, weight, this.bias?.variable as tf.Tensor1D | undefined);
    context.observe?.(this, x, y);
    return y;
  }
}
