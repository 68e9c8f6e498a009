import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from '../engine/ops/random.ts';
import { upsampleConcat } from '../engine/ops/upsampleConcat.ts';
import type { Context } from '../nn/context.ts';
import type { Conv2d } from '../nn/conv2d.ts';
import { Linear } from '../nn/linear.ts';
import { Module } from '../nn/module.ts';
import { moduleList } from '../nn/moduleDict.ts';
import type { Sequential } from '../nn/sequential.ts';
import type { AuxParams, DecoderConfig } from './decoders/options.ts';
import { UnetDecoder } from './decoders/unet.ts';
import type { UnetOptions } from './decoders/unetBlocks.ts';
import type { Encoder } from './encoders/encoder.ts';
import { classificationHead, segmentationHead } from './heads.ts';
import { SegmentationModel } from './segmentationModel.ts';
import type { SegmentationOutput } from './segmentationModel.ts';

type FusionKind = DecoderConfig<'multi-input-unet'>['fusion'];

export interface MultiInputOptions extends UnetOptions {
  /** Output channels of each block, deepest first, one per stage. */
  readonly channels: readonly number[];
  readonly center: boolean;
  readonly fusion: FusionKind;
  readonly auxParams?: AuxParams | undefined;
}

/**
 * A U-Net with an encoder of its own for each modality, for example each sequence of a magnetic resonance scan: the image's
 * channels are split into groups, `encoders.0`, `encoders.1`, … read one each, and `fusion` makes one feature map of
 * theirs at every stage, on which segmentation-models-pytorch's U-Net decoder and heads stand. A design of this project.
 */
export class MultiInputUnet extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple = 1;
  override readonly outputs: readonly Conv2d[];
  readonly #encoders: readonly Encoder[];
  readonly #fusion: Fusion;
  readonly #decoder: UnetDecoder;
  readonly #head: Sequential;
  readonly #classifier: Sequential | undefined;

  /** @param encoders One for each modality, of the same kind. */
  constructor(
    encoders: readonly Encoder[],
    classes: number,
    { channels, fusion, auxParams, ...options }: MultiInputOptions,
  ) {
    super();
    this.inChannels = encoders.reduce((sum, { inChannels }) => sum + inChannels, 0);
    this.classes = classes;
    this.#encoders = encoders;
    this.register('encoders', moduleList(encoders));
    this.#fusion = new Fusion(fusion, encoders[0]!.outChannels.slice(1), encoders.length);
    if (fusion === 'attention') this.register('fusion', this.#fusion);
    const features = [this.inChannels, ...this.#fusion.outChannels];
    this.#decoder = this.register('decoder', new UnetDecoder(features, channels, options));
    const { layers, output } = segmentationHead(this.#decoder.outChannels, classes, this.#decoder.head);
    this.#head = this.register('segmentation_head', layers);
    this.#classifier =
      auxParams &&
      this.register(
        'classification_head',
        classificationHead(features.at(-1)!, auxParams, this.#decoder.head),
      );
    this.outputs = [output];
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const images = tf.split<tf.Tensor4D>(
      x,
      this.#encoders.map(({ inChannels }) => inChannels),
      3,
    );
    const pyramids = this.#encoders.map((encoder, index) =>
      encoder.forward(images[index]!, withSeedOf(index, context)),
    );
    // The image itself sets the size of the result and is no skip connection.
    const features = [x, ...this.#fusion.forward(pyramids, context)];
    const logits = this.#head.forward(this.#decoder.forward(features, context), context);
    const labels = this.#classifier?.forward(features.at(-1)!, context);
    return {
      logits,
      ...(labels !== undefined && { labels: tf.reshape(labels, [x.shape[0], labels.shape[3]]) }),
    };
  }
}

/** Encoders have equally named layers, which must not drop the same samples. */
function withSeedOf(modality: number, context: Context): Context {
  return context.seed === undefined ? context : { ...context, seed: deriveSeed(context.seed, modality) };
}

/** Makes one feature map of the modalities' at every stage. */
class Fusion extends Module {
  readonly outChannels: readonly number[];
  readonly #kind: FusionKind;
  /** Of attention: for each stage by number, what gives each modality its share. */
  readonly #shares = new Map<number, Linear>();

  /** @param channels Of every stage after the image. */
  constructor(kind: FusionKind, channels: readonly number[], modalities: number) {
    super();
    this.#kind = kind;
    this.outChannels = channels.map((count) => (kind === 'concat' ? count * modalities : count));
    if (kind !== 'attention') return;
    for (const [index, count] of channels.entries()) {
      // Some encoders have nothing at the resolution after the image's.
      if (count === 0) continue;
      const share = new Linear({ inChannels: count * modalities, outChannels: modalities });
      this.#shares.set(index, this.register(String(index + 1), share));
    }
  }

  /** @param pyramids Feature maps of each modality, the image first. */
  forward(pyramids: readonly (readonly tf.Tensor4D[])[], context: Context): readonly tf.Tensor4D[] {
    return this.outChannels.map((channels, index) => {
      const maps = pyramids.map((pyramid) => pyramid[index + 1]!);
      if (channels === 0) return maps[0]!;
      if (this.#kind === 'concat') return sideBySide(maps);
      const share = this.#shares.get(index);
      return sum(share === undefined ? maps : weighted(maps, share, context));
    });
  }
}

/** Each map `[N, h, w, C]` times its share of each image, which together are 1 (as Li et al. 2019, https://arxiv.org/abs/1903.06586). */
function weighted(maps: readonly tf.Tensor4D[], share: Linear, context: Context): readonly tf.Tensor4D[] {
  const means = maps.map((map) => tf.mean<tf.Tensor4D>(map, [1, 2], true));
  const shares = tf.softmax(share.forward(tf.concat(means, 3), context));
  const each = tf.split(shares, maps.length, 3);
  return maps.map((map, index) => tf.mul(map, each[index]!));
}

/**
 * Not by TensorFlow's op for it: Grappler draws ReLUs that come before it behind it, then fails to fuse the convolutions
 * and residuals before those (`remapper failed`), and gives up on all others of the graph as well.
 */
function sideBySide([first, ...others]: readonly tf.Tensor4D[]): tf.Tensor4D {
  return upsampleConcat(first!, [first!.shape[1], first!.shape[2]], others);
}

function sum(maps: readonly tf.Tensor4D[]): tf.Tensor4D {
  return maps.reduce((total, map) => tf.add(total, map));
}
