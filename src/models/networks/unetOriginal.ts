import * as tf from '@tensorflow/tfjs-core';
import { Relu } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { ConvTranspose2d } from '../../nn/convTranspose2d.ts';
import { kaimingNormalFanIn, zeros } from '../../nn/initializers.ts';
import type { Layer } from '../../nn/module.ts';
import { MaxPool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import type { DecoderConfig } from '../decoders/options.ts';
import { SegmentationModel } from '../segmentationModel.ts';
import type { SegmentationOutput } from '../segmentationModel.ts';
import { cropTo, unpaddedSides } from './unpadded.ts';

export type UnetOriginalOptions = Omit<DecoderConfig<'unet-original'>, 'name'>;

/** One resolution: two convolutions down, an up-convolution to it and two convolutions up. */
interface Level {
  readonly down: readonly [Layer, Layer];
  readonly up: Layer;
  readonly joined: readonly [Layer, Layer];
}

/**
 * U-Net as it was published (Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597): 23 convolutions, those of 3×3
 * without padding, skip connections cropped in the middle; a tile of 572×572 gives 388×388.
 *
 * The layers carry the names of the widespread PyTorch U-Net (`enc1_1` … `dec1_1`, `fc`), whose order of layers, which
 * mirrors the encoder, is the layout `mirrored`: one convolution at the lowest resolution, one back from it, and every
 * block narrows before the next up-convolution, which keeps its channels.
 */
export class UnetOriginal extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple: number;
  override readonly margin: number;
  override readonly outputs: readonly Conv2d[];
  readonly #smallestSide: number;
  readonly #pool = new MaxPool2d({ kernelSize: 2, stride: 2 });
  /** From the image's resolution down, the lowest excepted. */
  readonly #levels: readonly Level[];
  /** At the lowest resolution. */
  readonly #bottom: readonly [Layer, Layer];
  readonly #output: Conv2d;

  constructor(inChannels: number, classes: number, options: UnetOriginalOptions) {
    super();
    const { channels, layout, padding } = options;
    const depth = channels.length;
    this.inChannels = inChannels;
    this.classes = classes;
    this.sizeMultiple = 2 ** (depth - 1);
    const unpadded = unpaddedSides(depth);
    this.margin = padding ? 0 : unpadded.margin;
    this.#smallestSide = padding ? this.sizeMultiple : unpadded.smallestSide;

    const block = (name: string, from: number, to: number) =>
      this.register(name, convolution(from, to, options));
    const mirrored = layout === 'mirrored';
    const shallow = channels.slice(0, -1);
    const [lowest, above] = [channels.at(-1)!, channels.at(-2)!];

    const downs = shallow.map((width, index) => {
      const first = block(`enc${index + 1}_1`, channels[index - 1] ?? inChannels, width);
      return [first, block(`enc${index + 1}_2`, width, width)] as const;
    });
    this.#bottom = [
      block(`enc${depth}_1`, above, lowest),
      mirrored ? block(`dec${depth}_1`, lowest, above) : block(`enc${depth}_2`, lowest, lowest),
    ];
    const ups = shallow
      .map((width, index) => [width, index + 1] as const)
      .reverse()
      .map(([width, level]) => {
        const wide = mirrored ? width : channels[level]!;
        const narrow = mirrored ? (channels[level - 2] ?? width) : width;
        const up = new ConvTranspose2d({ inChannels: wide, outChannels: width, kernelSize: 2, stride: 2 });
        return {
          up: this.register(`unpool${level}`, up),
          joined: [block(`dec${level}_2`, 2 * width, width), block(`dec${level}_1`, width, narrow)] as const,
        };
      })
      .reverse();
    this.#levels = downs.map((down, index) => ({ down, ...ups[index]! }));
    this.#output = this.register(
      'fc',
      new Conv2d({ inChannels: channels[0]!, outChannels: classes, kernelSize: 1, ...initializers(options) }),
    );
    this.outputs = [this.#output];
  }

  override get smallestSide(): number {
    return this.#smallestSide;
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const through = (input: tf.Tensor4D, layers: readonly Layer[]): tf.Tensor4D =>
      layers.reduce((y, layer) => layer.forward(y, context), input);
    const skips: tf.Tensor4D[] = [];
    let y = x;
    for (const { down } of this.#levels) {
      const skip = through(y, down);
      skips.push(skip);
      y = this.#pool.forward(skip, context);
    }
    y = through(y, this.#bottom);
    for (const { up, joined } of this.#levels.toReversed()) {
      const raised = up.forward(y, context);
      y = through(tf.concat([raised, cropTo(skips.pop()!, raised)], 3), joined);
    }
    return { logits: this.#output.forward(y, context) };
  }
}

function convolution(inChannels: number, outChannels: number, options: UnetOriginalOptions): Sequential {
  const padding = options.padding ? 1 : 0;
  return new Sequential([
    new Conv2d({ inChannels, outChannels, kernelSize: 3, padding, ...initializers(options) }),
    ...(options.batchNorm ? [new BatchNorm2d(outChannels)] : []),
    new Relu(),
  ]);
}

/** The paper draws from a normal distribution of variance 2 / fan-in; the mirrored network keeps PyTorch's defaults. */
function initializers({ layout }: UnetOriginalOptions) {
  return layout === 'paper' ? { kernelInitializer: kaimingNormalFanIn, biasInitializer: zeros } : {};
}
