import * as tf from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { kaimingNormalFanIn, normalAroundOne } from '../../nn/initializers.ts';
import { interpolate } from '../../nn/interpolate.ts';
import { MaxPool2d } from '../../nn/pooling.ts';
import { SupervisedDecoder } from './decoder.ts';

type ConvNorm = readonly [Conv2d, BatchNorm2d];

/** One stage of the decoder: what each level sends it, and what joins them. */
interface Stage {
  readonly level: number;
  readonly sources: readonly { readonly level: number; readonly layers: ConvNorm }[];
  readonly join: ConvNorm;
}

/**
 * UNet 3+ (Huang et al. 2020, https://arxiv.org/abs/2004.08790) with the names of its authors' PyTorch code
 * (https://github.com/ZJUGiveLab/UNet-Version): each stage joins the encoder's feature maps of its own resolution and
 * finer ones, pooled, with the decoder's coarser ones, enlarged bilinearly.
 *
 * Level 1 is the encoder's first stage, so that the result has half of the image's resolution.
 */
export class UNet3PlusDecoder extends SupervisedDecoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  override readonly sideChannels: readonly number[];
  override readonly head = { kernelSize: 3, alignCorners: false } as const;
  readonly #depth: number;
  readonly #stages: readonly Stage[];

  /**
   * @param encoderChannels Of the image and every stage, as `Encoder.outChannels`.
   * @param catChannels That each level contributes.
   */
  constructor(encoderChannels: readonly number[], catChannels: number) {
    super();
    const depth = encoderChannels.length - 1;
    this.#depth = depth;
    const levels = Array.from({ length: depth }, (_, index) => index + 1)
      // Some encoders have nothing at the resolution after the image's.
      .filter((level) => encoderChannels[level]! > 0);
    const joined = catChannels * levels.length;
    const block = (conv: string, norm: string, from: number, to: number): ConvNorm => [
      this.register(conv, convolution(from, to)),
      this.register(norm, new BatchNorm2d(to, { weightInitializer: normalAroundOne })),
    ];
    const stages: Stage[] = [];
    for (let level = depth - 1; level >= 1; level--) {
      const sources = levels.map((source) => {
        const from = source > level && source < depth ? joined : encoderChannels[source]!;
        const name = pathName(source, level);
        return { level: source, layers: block(`${name}_conv`, `${name}_bn`, from, catChannels) };
      });
      const join = block(`conv${level}d_1`, `bn${level}d_1`, joined, joined);
      stages.push({ level, sources, join });
    }
    this.#stages = stages;
    this.outChannels = joined;
    this.sideChannels = [encoderChannels[depth]!, ...stages.slice(1).map(() => joined)];
    this.sizeMultiple = 2 ** depth;
  }

  override forwardAll(features: readonly tf.Tensor4D[], context: Context): readonly tf.Tensor4D[] {
    const [, height, width] = features[0]!.shape;
    const decoded = new Map([[this.#depth, features[this.#depth]!]]);
    for (const { level, sources, join } of this.#stages) {
      const size = [height / 2 ** level, width / 2 ** level] as const;
      const parts = sources.map(({ level: source, layers }) => {
        const x = source > level ? decoded.get(source)! : features[source]!;
        return convNormActivation(
          atLevel(x, source, level, size, context),
          layers,
          { activation: 'relu' },
          context,
        );
      });
      decoded.set(level, convNormActivation(tf.concat(parts, 3), join, { activation: 'relu' }, context));
    }
    return [...decoded.values()];
  }
}

function atLevel(
  x: tf.Tensor4D,
  from: number,
  to: number,
  size: readonly [number, number],
  context: Context,
): tf.Tensor4D {
  if (from >= to) return interpolate(x, size, 'bilinear');
  const factor = 2 ** (to - from);
  return new MaxPool2d({ kernelSize: factor, stride: factor }).forward(x, context);
}

function pathName(source: number, level: number): string {
  if (source < level) return `h${source}_PT_hd${level}`;
  return source === level ? `h${source}_Cat_hd${level}` : `hd${source}_UT_hd${level}`;
}

function convolution(inChannels: number, outChannels: number): Conv2d {
  return new Conv2d({
    inChannels,
    outChannels,
    kernelSize: 3,
    padding: 1,
    kernelInitializer: kaimingNormalFanIn,
  });
}
