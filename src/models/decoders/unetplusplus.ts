import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { ModuleDict } from '../../nn/moduleDict.ts';
import { Decoder } from './decoder.ts';
import { UnetDecoderBlock, centerBlock } from './unetBlocks.ts';
import type { UnetOptions } from './unetBlocks.ts';

/**
 * segmentation-models-pytorch's `UnetPlusPlusDecoder` (Zhou et al. 2018, https://arxiv.org/abs/1807.10165).
 *
 * Block `x_d_l` stands in column `d` at level `l` (0 is the deepest skip connection); it upsamples `x_d_(l-1)` and
 * joins it with every block of its level to its left and the encoder's feature map.
 */
export class UnetPlusPlusDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  readonly #blocks: ModuleDict<UnetDecoderBlock>;
  readonly #levels: number;

  /**
   * @param encoderChannels Of the image and every stage, as `Encoder.outChannels`.
   * @param channels Of each block in column 0, deepest first, one per stage.
   * @param options With `idleCenter` it has the two convolutions after a VGG encoder that the original never calls.
   */
  constructor(
    encoderChannels: readonly number[],
    channels: readonly number[],
    options: UnetOptions & { readonly idleCenter: boolean },
  ) {
    super();
    const [head, ...skips] = encoderChannels.slice(1).reverse() as [number, ...number[]];
    if (options.idleCenter) this.register('center', centerBlock(head, options.useNorm)).freeze();
    this.#levels = skips.length;
    const blocks: [string, UnetDecoderBlock][] = [];
    for (const [level, skip] of skips.entries()) {
      for (let column = 0; column <= level; column++) {
        const outChannels = column === 0 ? channels[level]! : skip;
        const inChannels = column > 0 ? skips[level - 1]! : level === 0 ? head : channels[level - 1]!;
        const joined = skip * (level + 1 - column);
        blocks.push([
          blockName(column, level),
          new UnetDecoderBlock(inChannels, joined, outChannels, options),
        ]);
      }
    }
    this.outChannels = channels.at(-1)!;
    const last = new UnetDecoderBlock(channels.at(-2)!, undefined, this.outChannels, options);
    blocks.push([blockName(0, this.#levels), last]);
    this.#blocks = this.register('blocks', new ModuleDict(blocks));
    this.sizeMultiple = 2 ** channels.length;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const [head, ...skips] = features.slice(1).reverse() as [tf.Tensor4D, ...tf.Tensor4D[]];
    /** By column, the newest block of each column's level. */
    let previous: readonly tf.Tensor4D[] = [];
    for (const [level, skip] of skips.entries()) {
      const current: tf.Tensor4D[] = [];
      // Right to left: each block joins those to its right in column number, which stand on the same level.
      for (let column = level; column >= 0; column--) {
        const below = column === level ? (level === 0 ? head : skips[level - 1]!) : previous[column]!;
        const joined = [...current.slice(column + 1, level + 1), skip];
        current[column] = this.#blocks
          .get(blockName(column, level))
          .forward(below, double(below), joined, context);
      }
      previous = current;
    }
    const last = previous[0]!;
    return this.#blocks.get(blockName(0, this.#levels)).forward(last, double(last), [], context);
  }
}

function blockName(column: number, level: number): string {
  return `x_${column}_${level}`;
}

function double({ shape }: tf.Tensor4D): readonly [number, number] {
  return [shape[1] * 2, shape[2] * 2];
}
