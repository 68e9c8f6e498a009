import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../../core/errors.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { LayerNorm } from '../../nn/layerNorm.ts';
import { Layer } from '../../nn/module.ts';
import type { Module } from '../../nn/module.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Encoder } from './encoder.ts';
import { MixTransformerBlock, convolution, layerNormOptions } from './mixTransformerBlock.ts';

type PerStage = readonly [number, number, number, number];

export interface MixTransformerVariant {
  /** Channels of each stage. */
  readonly channels: PerStage;
  /** Blocks in each stage. */
  readonly blocks: PerStage;
}

const wide = [64, 128, 320, 512] as const;

/** The authors' names and sizes. */
export const mixTransformerVariants = {
  mit_b0: { channels: [32, 64, 160, 256], blocks: [2, 2, 2, 2] },
  mit_b1: { channels: wide, blocks: [2, 2, 2, 2] },
  mit_b2: { channels: wide, blocks: [3, 4, 6, 3] },
  mit_b3: { channels: wide, blocks: [3, 4, 18, 3] },
  mit_b4: { channels: wide, blocks: [3, 8, 27, 3] },
  mit_b5: { channels: wide, blocks: [3, 6, 40, 3] },
} as const satisfies Record<string, MixTransformerVariant>;

const heads = [1, 2, 5, 8] as const;
const reductions = [8, 4, 2, 1] as const;

export interface MixTransformerOptions {
  readonly variant: MixTransformerVariant;
  readonly inChannels: number;
  /** Halvings whose features `forward` returns, 2 to 5; the original keeps the other parameters, here they are frozen. */
  readonly depth: number;
  /** Probability that training skips half a block for a sample: 0 at the first, rising to this at the last. */
  readonly dropPath: number;
}

interface Stage {
  readonly embed: PatchEmbedding;
  readonly blocks: Sequential;
  readonly norm: LayerNorm;
}

/**
 * Mix Transformer, SegFormer's encoder (Xie et al. 2021, https://arxiv.org/abs/2105.15203), as
 * segmentation-models-pytorch's `MixVisionTransformerEncoder`. It has nothing at half the image's resolution: that
 * feature has no channels.
 */
export class MixTransformer extends Encoder {
  override readonly outChannels: readonly number[];
  readonly #stages: readonly Stage[];
  readonly #depth: number;
  readonly #smallestSide: number;

  constructor({ variant, inChannels, depth, dropPath }: MixTransformerOptions) {
    super();
    this.#depth = depth;
    const { channels } = variant;
    const embeds = channels.map((count, stage) => {
      const embed = new PatchEmbedding(stage === 0 ? inChannels : channels[stage - 1]!, count, stage === 0);
      return this.register(`patch_embed${stage + 1}`, embed);
    });
    const total = variant.blocks.reduce((sum, count) => sum + count, 0);
    let first = 0;
    this.#stages = embeds.map((embed, stage) => {
      const name = `block${stage + 1}`;
      const blocks = Array.from({ length: variant.blocks[stage]! }, (_, index) => {
        const rate = (dropPath * (first + index)) / (total - 1);
        const size = { channels: channels[stage]!, heads: heads[stage]!, reduction: reductions[stage]! };
        return new MixTransformerBlock({ ...size, dropPath: rate, stream: `${name}.${index}` });
      });
      first += blocks.length;
      const created = {
        embed,
        blocks: this.register(name, new Sequential(blocks)),
        norm: this.register(`norm${stage + 1}`, new LayerNorm(channels[stage]!, layerNormOptions)),
      };
      if (stage + 2 > depth) for (const module of Object.values(created)) module.freeze();
      return created;
    });
    this.outChannels = [inChannels, 0, ...channels.slice(0, depth - 1)];
    // So that every reduction of keys and values has a pixel left; embeddings round up.
    const sides = reductions
      .slice(0, depth - 1)
      .map((reduction, stage) => (reduction - 1) * 4 * 2 ** stage + 1);
    this.#smallestSide = Math.max(...sides);
  }

  protected override modulesAtStride(stride: 16 | 32): readonly Module[] {
    return Object.values(this.#stages[stride === 16 ? 2 : 3]!) as Module[];
  }

  /** @throws PhalanxError `model/input-shape` when the image is too small for the reductions of keys and values. */
  override forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[] {
    const [batch, height, width] = x.shape;
    if (Math.min(height, width) < this.#smallestSide) {
      throw new PhalanxError('model/input-shape', {
        what: 'The image is too small for its encoder',
        expected: `at least ${this.#smallestSide}×${this.#smallestSide} pixels`,
        received: `${height}×${width}`,
        fix: 'Use larger images',
      });
    }
    const features = [x, tf.zeros<tf.Rank.R4>([batch, Math.floor(height / 2), Math.floor(width / 2), 0])];
    let y = x;
    for (const { embed, blocks, norm } of this.#stages.slice(0, this.#depth - 1)) {
      const layers: readonly Layer[] = [embed, blocks, norm];
      const compute = (input: tf.Tensor4D, inner: Context) =>
        layers.reduce((value, layer) => layer.forward(value, inner), input);
      y = this.stage({ modules: layers, compute }, y, context);
      features.push(y);
    }
    return features;
  }
}

/** Overlapping patches of 7×7 pixels, 4 apart, or of 3×3, 2 apart; normalized. */
class PatchEmbedding extends Layer {
  readonly #project: Conv2d;
  readonly #norm: LayerNorm;

  constructor(inChannels: number, outChannels: number, first: boolean) {
    super();
    const geometry = first
      ? { kernelSize: 7, stride: 4, padding: 3 }
      : { kernelSize: 3, stride: 2, padding: 1 };
    const options = { inChannels, outChannels, ...geometry };
    // For other than colour images the original gives this layer PyTorch's default weights.
    const isReplaced = first && inChannels !== 3;
    this.#project = this.register('proj', isReplaced ? new Conv2d(options) : convolution(options));
    this.#norm = this.register('norm', new LayerNorm(outChannels));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#norm.forward(this.#project.forward(x, context), context);
  }
}
