import * as tf from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { Layer } from '../../nn/module.ts';
import { squeezeExcitation } from '../../nn/squeezeExcitation.ts';
import type { Squeeze } from '../../nn/squeezeExcitation.ts';
import { StochasticDepth } from '../../nn/stochasticDepth.ts';
import type { BlockPlan } from './efficientnetPlan.ts';

/** The authors' normalization, which differs from PyTorch's default. */
export const batchNormOptions = { epsilon: 1e-3, momentum: 0.01 };

const SQUEEZE_RATIO = 0.25;

/**
 * Mobile inverted bottleneck (Sandler et al. 2018, https://arxiv.org/abs/1801.04381) with squeeze-and-excitation:
 * pointwise expansion, depthwise convolution, excitation, pointwise projection, and a shortcut around it all.
 */
export class MBConvBlock extends Layer {
  readonly #expand: readonly [Conv2d, BatchNorm2d] | undefined;
  readonly #depthwise: readonly [Conv2d, BatchNorm2d];
  readonly #squeeze: Squeeze;
  readonly #project: readonly [Conv2d, BatchNorm2d];
  readonly #drop: StochasticDepth | undefined;

  /**
   * @param dropRate Probability that training drops everything but the shortcut, for each sample.
   * @param stream Names what draws it.
   */
  constructor(plan: BlockPlan, dropRate: number, stream: string) {
    super();
    const { inChannels, outChannels, kernelSize, stride, padding } = plan;
    const inner = inChannels * plan.expansion;
    this.#expand =
      plan.expansion === 1
        ? undefined
        : [
            this.register('_expand_conv', pointwise(inChannels, inner, { bias: false })),
            this.register('_bn0', new BatchNorm2d(inner, batchNormOptions)),
          ];
    const depthwise = { kernelSize, stride, padding, groups: inner, bias: false };
    this.#depthwise = [
      this.register('_depthwise_conv', new Conv2d({ inChannels: inner, outChannels: inner, ...depthwise })),
      this.register('_bn1', new BatchNorm2d(inner, batchNormOptions)),
    ];
    const squeezed = Math.max(1, Math.floor(inChannels * SQUEEZE_RATIO));
    this.#squeeze = {
      reduce: this.register('_se_reduce', pointwise(inner, squeezed, { bias: true })),
      expand: this.register('_se_expand', pointwise(squeezed, inner, { bias: true })),
    };
    this.#project = [
      this.register('_project_conv', pointwise(inner, outChannels, { bias: false })),
      this.register('_bn2', new BatchNorm2d(outChannels, batchNormOptions)),
    ];
    this.#drop = plan.residual
      ? this.register('_drop_connect', new StochasticDepth(dropRate, stream))
      : undefined;
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    let y = x;
    for (const layers of [this.#expand, this.#depthwise]) {
      if (layers !== undefined) y = convNormActivation(y, layers, { activation: 'silu' }, context);
    }
    y = squeezeExcitation(y, this.#squeeze, context);
    y = convNormActivation(y, this.#project, { activation: 'none' }, context);
    return this.#drop === undefined ? y : tf.add(this.#drop.forward(y, context), x);
  }
}

function pointwise(inChannels: number, outChannels: number, { bias }: { bias: boolean }): Conv2d {
  return new Conv2d({ inChannels, outChannels, kernelSize: 1, bias });
}
