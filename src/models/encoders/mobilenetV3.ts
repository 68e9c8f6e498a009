import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import type { Layer, Module } from '../../nn/module.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Encoder } from './encoder.ts';
import { mobilenetV3Channels, mobilenetV3Layers } from './mobilenetV3Layers.ts';

/** Where the layers of each feature end: before the next halving, and at the end. */
const ends = [2, 4, 7, 13, 17] as const;

export interface MobileNetV3Options {
  readonly inChannels: number;
  /** Halvings whose features `forward` returns, 1 to 5; the parameters of later layers are frozen. */
  readonly depth: number;
}

/** `torchvision.models.mobilenet_v3_large` (Howard et al. 2019, https://arxiv.org/abs/1905.02244) without its classifier. */
export class MobileNetV3 extends Encoder {
  override readonly outChannels: readonly number[];
  readonly #layers: readonly Layer[];
  readonly #depth: number;

  constructor({ inChannels, depth }: MobileNetV3Options) {
    super();
    this.#depth = depth;
    this.#layers = mobilenetV3Layers(inChannels, { dilated: false });
    this.register('features', new Sequential(this.#layers));
    for (const layer of this.#layers.slice(ends[depth - 1])) layer.freeze();
    this.outChannels = [inChannels, ...ends.slice(0, depth).map((end) => mobilenetV3Channels[end - 1]!)];
  }

  protected override modulesAtStride(stride: 16 | 32): readonly Module[] {
    const [, , eighth, sixteenth] = ends;
    return stride === 16 ? this.#layers.slice(eighth, sixteenth) : this.#layers.slice(sixteenth);
  }

  override forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[] {
    const features = [x];
    let y = x;
    let first = 0;
    for (const end of ends.slice(0, this.#depth)) {
      const layers = this.#layers.slice(first, end);
      const compute = (input: tf.Tensor4D, inner: Context) =>
        layers.reduce((value, layer) => layer.forward(value, inner), input);
      y = this.stage({ modules: layers, compute }, y, context);
      features.push(y);
      first = end;
    }
    return features;
  }
}
