import * as tf from '@tensorflow/tfjs-core';
import { LeakyRelu, Relu } from '../../nn/activations.ts';
import { BatchNorm3d } from '../../nn/batchNorm3d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv3d } from '../../nn/conv3d.ts';
import { ConvTranspose3d } from '../../nn/convTranspose3d.ts';
import { GroupNorm } from '../../nn/groupNorm.ts';
import { interpolate3d } from '../../nn/interpolate3d.ts';
import { MaxPool3d } from '../../nn/maxPool3d.ts';
import { Module } from '../../nn/module.ts';
import { ModuleDict, moduleList } from '../../nn/moduleDict.ts';
import { onVolume, VolumeLayer } from '../../nn/volumeLayer.ts';
import { unpaddedSides } from '../networks/unpadded.ts';
import type { VolumeConfig } from './options.ts';
import { groupCount, unet3dPlan } from './unet3dPlan.ts';
import type { BlockChannels } from './unet3dPlan.ts';
import { VolumeModel } from './volumeModel.ts';
import type { VolumeOutput } from './volumeModel.ts';

type Unet3dOptions = Omit<VolumeConfig, 'name'>;
type Size = readonly [depth: number, height: number, width: number];

/**
 * 3D U-Net (Çiçek et al. 2016, https://arxiv.org/abs/1606.06650) with the layers, names and first values of
 * pytorch-3dunet's `UNet3D` (https://github.com/wolny/pytorch-3dunet). Without padding, and with `upconv`, it is the
 * published network, which pytorch-3dunet does not have: skip connections are cropped in the middle.
 */
export class Unet3d extends VolumeModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple: number;
  override readonly margin: number;
  override readonly outputs: readonly [Conv3d];
  readonly #smallestSide: number;
  readonly #down: readonly Down[];
  /** The lowest first. */
  readonly #up: readonly Up[];

  constructor(inChannels: number, classes: number, options: Unet3dOptions) {
    super();
    const levels = unet3dPlan(options, inChannels);
    const scale = 2 ** (levels.length - 1);
    const unpadded = unpaddedSides(levels.length);
    this.inChannels = inChannels;
    this.classes = classes;
    this.sizeMultiple = options.padding ? 1 : scale;
    this.#smallestSide = options.padding ? scale : unpadded.smallestSide;
    this.margin = options.padding ? 0 : unpadded.margin;
    this.#down = levels.map(({ down }, level) => new Down(down, level > 0, options));
    this.#up = levels
      .flatMap(({ up }, level) => (up ? [new Up(levels[level + 1]!.down[2], up, options)] : []))
      .reverse();
    this.register('encoders', moduleList(this.#down));
    this.register('decoders', moduleList(this.#up));
    const outChannels = { inChannels: levels[0]!.down[2], outChannels: classes };
    this.outputs = [this.register('final_conv', new Conv3d({ ...outChannels, kernelSize: 1 }))];
  }

  override get smallestSide(): number {
    return this.#smallestSide;
  }

  protected override compute(x: tf.Tensor5D, context: Context): VolumeOutput {
    const skips: tf.Tensor5D[] = [];
    let y = x;
    for (const down of this.#down) {
      y = down.forward(y, context);
      skips.push(y);
    }
    skips.pop();
    for (const up of this.#up) y = up.join(y, skips.pop()!, context);
    return { logits: this.outputs[0].forward(y, context) };
  }
}

/** The original's `Encoder`. */
class Down extends VolumeLayer {
  readonly #pool: MaxPool3d | undefined;
  readonly #block: DoubleConv;

  constructor(channels: BlockChannels, pools: boolean, options: Unet3dOptions) {
    super();
    this.#pool = pools ? this.register('pooling', new MaxPool3d({ kernelSize: 2 })) : undefined;
    this.#block = this.register('basic_module', new DoubleConv(channels, options));
  }

  override forward(x: tf.Tensor5D, context: Context): tf.Tensor5D {
    return this.#block.forward(this.#pool?.forward(x, context) ?? x, context);
  }
}

/** The original's `Decoder`. */
class Up extends Module {
  readonly #enlarge: (x: tf.Tensor5D, size: Size, context: Context) => tf.Tensor5D;
  readonly #block: DoubleConv;
  readonly #padding: boolean;

  /** @param below Channels of the resolution below. */
  constructor(below: number, channels: BlockChannels, options: Unet3dOptions) {
    super();
    const { upsample } = options;
    this.#padding = options.padding;
    if (upsample === 'nearest' || upsample === 'trilinear') {
      this.#enlarge = (x, size) => interpolate3d(x, size, upsample);
    } else {
      const layer = new ConvTranspose3d({
        inChannels: below,
        stride: 2,
        bias: false,
        ...(upsample === 'deconv'
          ? { outChannels: channels[1], kernelSize: 3, padding: 1 }
          : { outChannels: below, kernelSize: 2 }),
      });
      const upsampling = new ModuleDict([['conv_transposed', layer]]);
      this.register('upsampling', new ModuleDict([['upsample', upsampling]]));
      this.#enlarge = (x, size, context) => interpolate3d(layer.forward(x, context), size, 'nearest');
    }
    this.#block = this.register('basic_module', new DoubleConv(channels, options));
  }

  join(x: tf.Tensor5D, skip: tf.Tensor5D, context: Context): tf.Tensor5D {
    const size = this.#padding ? sizeOf(skip) : (sizeOf(x).map((side) => 2 * side) as unknown as Size);
    const raised = this.#enlarge(x, size, context);
    return this.#block.forward(tf.concat([cropTo(skip, size), raised], 4), context);
  }
}

/** The original's `DoubleConv`. */
class DoubleConv extends VolumeLayer {
  readonly #first: SingleConv;
  readonly #second: SingleConv;

  constructor([from, between, to]: BlockChannels, options: Unet3dOptions) {
    super();
    this.#first = this.register('SingleConv1', new SingleConv(from, between, options));
    this.#second = this.register('SingleConv2', new SingleConv(between, to, options));
  }

  override forward(x: tf.Tensor5D, context: Context): tf.Tensor5D {
    return this.#second.forward(this.#first.forward(x, context), context);
  }
}

/** The original's `SingleConv`: a convolution and what its order of layers puts around it. */
class SingleConv extends VolumeLayer {
  readonly #steps: readonly (Conv3d | BatchNorm3d | GroupNorm | Relu | LeakyRelu)[];

  constructor(inChannels: number, outChannels: number, { layerOrder, numGroups, padding }: Unet3dOptions) {
    super();
    const bias = !/[gb]/.test(layerOrder);
    this.#steps = Array.from(layerOrder).map((letter, index) => {
      const channels = index < layerOrder.indexOf('c') ? inChannels : outChannels;
      switch (letter) {
        case 'c':
          return this.register(
            'conv',
            new Conv3d({ inChannels, outChannels, kernelSize: 3, padding: padding ? 1 : 0, bias }),
          );
        case 'b':
          return this.register('batchnorm', new BatchNorm3d(channels));
        case 'g':
          return this.register(
            'groupnorm',
            new GroupNorm({ groups: groupCount(numGroups, channels), channels }),
          );
        case 'l':
          return this.register('LeakyReLU', new LeakyRelu());
        default:
          return this.register('ReLU', new Relu());
      }
    });
  }

  override forward(x: tf.Tensor5D, context: Context): tf.Tensor5D {
    let y = x;
    for (let index = 0; index < this.#steps.length; index++) {
      const step = this.#steps[index]!;
      const fuses = step instanceof BatchNorm3d && this.#steps[index + 1] instanceof Relu;
      if (fuses && context.observe === undefined) {
        y = step.forwardWith(y, 'relu', context);
        index += 1;
      } else {
        y = step instanceof VolumeLayer ? step.forward(y, context) : onVolume(step, y, context);
      }
    }
    return y;
  }
}

function sizeOf({ shape }: tf.Tensor5D): Size {
  return [shape[1], shape[2], shape[3]];
}

/** The middle of `x` `[N, D, H, W, C]`, a voxel less before it where odd. */
function cropTo(x: tf.Tensor5D, size: Size): tf.Tensor5D {
  const spare = sizeOf(x).map((side, axis) => side - size[axis]!);
  if (spare.every((count) => count === 0)) return x;
  return tf.slice(x, [0, ...spare.map((count) => Math.floor(count / 2)), 0], [-1, ...size, -1]);
}
