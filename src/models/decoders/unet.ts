import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { ModuleDict } from '../../nn/moduleDict.ts';
import type { Sequential } from '../../nn/sequential.ts';
import { Decoder } from './decoder.ts';
import { UnetDecoderBlock, centerBlock } from './unetBlocks.ts';
import type { UnetOptions } from './unetBlocks.ts';

/** segmentation-models-pytorch's `UnetDecoder` (Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597). */
export class UnetDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple = 1;
  readonly #center: Sequential | undefined;
  readonly #blocks: ModuleDict<UnetDecoderBlock>;

  /**
   * @param encoderChannels Of the image and every stage, as `Encoder.outChannels`.
   * @param channels Of each block, deepest first, one per stage.
   */
  constructor(
    encoderChannels: readonly number[],
    channels: readonly number[],
    options: UnetOptions & { readonly center: boolean },
  ) {
    super();
    const [head, ...skips] = encoderChannels.slice(1).reverse() as [number, ...number[]];
    this.#center = options.center ? this.register('center', centerBlock(head, options.useNorm)) : undefined;
    const blocks = channels.map((outChannels, index) => {
      const inChannels = index === 0 ? head : channels[index - 1]!;
      const block = new UnetDecoderBlock(inChannels, skips[index], outChannels, options);
      return [String(index), block] as const;
    });
    this.#blocks = this.register('blocks', new ModuleDict(blocks));
    this.outChannels = channels.at(-1)!;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const [head, ...shallower] = features.toReversed() as [tf.Tensor4D, ...tf.Tensor4D[]];
    let x = this.#center?.forward(head, context) ?? head;
    for (const [index, feature] of shallower.entries()) {
      // The image itself sets the last size but is no skip connection.
      const skips = index === shallower.length - 1 ? [] : [feature];
      x = this.#blocks.get(String(index)).forward(x, [feature.shape[1], feature.shape[2]], skips, context);
    }
    return x;
  }
}
