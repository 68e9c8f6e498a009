import type * as tf from '@tensorflow/tfjs-core';
import { biasAdd } from '../engine/ops/biasAdd.ts';
import { conv2d } from '../engine/ops/conv2d.ts';
import type { Sides } from '../engine/ops/pair.ts';
import type { Context } from './context.ts';
import { torchDefaultBias, torchDefaultKernel } from './initializers.ts';
import type { Initializer } from './initializers.ts';
import { Layer } from './module.ts';
import { Parameter } from './parameter.ts';

export interface Conv2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  /** Default 1. */
  readonly stride?: number;
  /**
   * Pixels of zeros on each of the four sides, as in PyTorch, or on them by name; or `same`, TensorFlow's: as many as
   * `ceil(side / stride)` outputs need, an odd one at the end. Default 0.
   */
  readonly padding?: number | Sides | 'same';
  /** Default 1. */
  readonly dilation?: number;
  /** Default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: PyTorch's own for both. */
  readonly kernelInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

type Conv2dGeometry = Readonly<Required<Omit<Conv2dOptions, 'kernelInitializer' | 'biasInitializer'>>>;

/** `torch.nn.Conv2d`: `[N, H, W, inChannels]` to `[N, H', W', outChannels]`; state `weight` and, if any, `bias`. */
export class Conv2d extends Layer {
  #options: Conv2dGeometry;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor({
    inChannels,
    outChannels,
    kernelSize,
    stride = 1,
    padding = 0,
    dilation = 1,
    groups = 1,
    bias = true,
    kernelInitializer = torchDefaultKernel,
    biasInitializer,
  }: Conv2dOptions) {
    super();
    this.#options = { inChannels, outChannels, kernelSize, stride, padding, dilation, groups, bias };
    const shape = [kernelSize, kernelSize, inChannels / groups, outChannels];
    this.weight = this.register('weight', new Parameter({ shape, initializer: kernelInitializer }));
    this.bias = bias
      ? this.register(
          'bias',
          new Parameter({ shape: [outChannels], initializer: biasInitializer ?? torchDefaultBias(shape) }),
        )
      : undefined;
  }

  get options(): Conv2dGeometry {
    return this.#options;
  }

  /**
   * Keeps the resolution and widens the kernel's reach instead, as segmentation-models-pytorch's
   * `replace_strides_with_dilation`.
   */
  replaceStrideWithDilation(dilation: number): void {
    const padding = Math.floor(this.#options.kernelSize / 2) * dilation;
    this.#options = { ...this.#options, stride: 1, dilation, padding };
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const y = this.convolve(
      x,
      this.weight.variable as tf.Tensor4D,
      this.bias?.variable as tf.Tensor1D | undefined,
    );
    context.observe?.(this, x, y);
    return y;
  }

  /** The layer with other weights `[kernelH, kernelW, inChannels / groups, outChannels]` and bias `[outChannels]`. */
  convolve(x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor1D | undefined): tf.Tensor4D {
    const { stride, dilation, groups } = this.#options;
    const padding = this.#options.padding === 'same' ? this.#samePadding(x) : this.#options.padding;
    const y = conv2d(x, weight, { stride, padding, dilation, groups });
    return bias === undefined ? y : biasAdd(y, bias);
  }

  #samePadding({ shape: [, height, width] }: tf.Tensor4D): Sides {
    const { kernelSize, stride, dilation } = this.#options;
    const sidesOf = (side: number) => {
      const reached = (Math.ceil(side / stride) - 1) * stride + (kernelSize - 1) * dilation + 1;
      const total = Math.max(reached - side, 0);
      return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
    };
    return [sidesOf(height), sidesOf(width)];
  }
}
