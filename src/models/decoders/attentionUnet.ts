import * as tf from '@tensorflow/tfjs-core';
import { Relu, Sigmoid } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { interpolate } from '../../nn/interpolate.ts';
import { Layer, Module } from '../../nn/module.ts';
import { ModuleDict } from '../../nn/moduleDict.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Decoder } from './decoder.ts';

interface Stage {
  readonly up: UpConvolution;
  /** None where there is no skip connection. */
  readonly gate: AttentionGate | undefined;
  readonly block: ConvolutionBlock;
}

/**
 * Attention U-Net (Oktay et al. 2018, https://arxiv.org/abs/1804.03999) with the layers and names of the widely used
 * https://github.com/LeeJunHyun/Image_Segmentation: `Up5`, `Att5`, `Up_conv5` join the encoder's fourth feature map, …,
 * `Up2`, `Att2`, `Up_conv2` its first; `Up1`, `Up_conv1` bring that to the image's resolution, where the original's
 * encoder starts.
 */
export class AttentionUnetDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple = 1;
  readonly #stages: readonly Stage[];

  /**
   * @param encoderChannels Of the image and every stage, as `Encoder.outChannels`.
   * @param channels Of each block, deepest first, one per stage.
   */
  constructor(encoderChannels: readonly number[], channels: readonly number[]) {
    super();
    const depth = channels.length;
    this.#stages = channels.map((outChannels, index) => {
      const level = depth - index;
      const inChannels = channels[index - 1] ?? encoderChannels[depth]!;
      // The image itself is no skip connection, and some encoders have nothing at the resolution after it.
      const skipChannels = level === 1 ? 0 : encoderChannels[level - 1]!;
      const up = this.register(`Up${level}`, new UpConvolution(inChannels, outChannels));
      const gate =
        skipChannels === 0
          ? undefined
          : this.register(`Att${level}`, new AttentionGate(outChannels, skipChannels));
      const block = new ConvolutionBlock(outChannels + skipChannels, outChannels);
      return { up, gate, block: this.register(`Up_conv${level}`, block) };
    });
    this.outChannels = channels.at(-1)!;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const [head, ...shallower] = features.toReversed() as [tf.Tensor4D, ...tf.Tensor4D[]];
    return this.#stages.reduce((x, { up, gate, block }, index) => {
      const skip = shallower[index]!;
      const raised = up.forward(x, [skip.shape[1], skip.shape[2]], context);
      const joined =
        gate === undefined
          ? raised
          : tf.concat<tf.Tensor4D>([gate.forward(raised, skip, context), raised], 3);
      return block.forward(joined, context);
    }, head);
  }
}

/** The original's `up_conv`. */
class UpConvolution extends Module {
  readonly #convolution: Conv2d;
  readonly #norm: BatchNorm2d;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.#convolution = convolution(inChannels, outChannels, 3);
    this.#norm = new BatchNorm2d(outChannels);
    // In the original, layer 0 enlarges.
    this.register(
      'up',
      new ModuleDict<Layer>([
        ['1', this.#convolution],
        ['2', this.#norm],
      ]),
    );
  }

  forward(x: tf.Tensor4D, size: readonly [number, number], context: Context): tf.Tensor4D {
    const enlarged = interpolate(x, size, 'nearest');
    return convNormActivation(enlarged, [this.#convolution, this.#norm], { activation: 'relu' }, context);
  }
}

/** The original's `conv_block`. */
class ConvolutionBlock extends Layer {
  readonly #layers: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.#layers = this.register(
      'conv',
      new Sequential([
        convolution(inChannels, outChannels, 3),
        new BatchNorm2d(outChannels),
        new Relu(),
        convolution(outChannels, outChannels, 3),
        new BatchNorm2d(outChannels),
        new Relu(),
      ]),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#layers.forward(x, context);
  }
}

/** The original's `Attention_block`: scales each pixel of the skip connection by a share in (0, 1). */
class AttentionGate extends Module {
  readonly #gating: Sequential;
  readonly #skip: readonly [Conv2d, BatchNorm2d];
  readonly #attention: Sequential;

  constructor(gatingChannels: number, skipChannels: number) {
    super();
    const inner = Math.max(1, Math.floor(skipChannels / 2));
    const project = (channels: number) => [convolution(channels, inner, 1), new BatchNorm2d(inner)] as const;
    this.#gating = this.register('W_g', new Sequential(project(gatingChannels)));
    this.#skip = project(skipChannels);
    this.register('W_x', new Sequential(this.#skip));
    this.#attention = this.register(
      'psi',
      new Sequential([convolution(inner, 1, 1), new BatchNorm2d(1), new Sigmoid()]),
    );
  }

  /** @param gating Of the skip connection's size. */
  forward(gating: tf.Tensor4D, skip: tf.Tensor4D, context: Context): tf.Tensor4D {
    const residual = this.#gating.forward(gating, context);
    const sum = convNormActivation(skip, this.#skip, { activation: 'relu', residual }, context);
    return tf.mul(skip, this.#attention.forward(sum, context));
  }
}

function convolution(inChannels: number, outChannels: number, kernelSize: 1 | 3): Conv2d {
  return new Conv2d({ inChannels, outChannels, kernelSize, padding: kernelSize === 3 ? 1 : 0 });
}
