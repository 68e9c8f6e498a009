import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from './context.ts';
import { Layer } from './module.ts';

/** `torch.nn.Sequential`: layers named `0`, `1`, … applied in turn. */
export class Sequential extends Layer {
  readonly layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    super();
    this.layers = layers.map((layer, index) => this.register(String(index), layer));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.layers.reduce((y, layer) => layer.forward(y, context), x);
  }
}
