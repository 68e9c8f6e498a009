import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../engine/ops/batchNorm.ts';
import { Hardswish, Relu, Relu6, Silu } from './activations.ts';
import { BatchNorm2d } from './batchNorm2d.ts';
import type { Context } from './context.ts';
import { Conv2d } from './conv2d.ts';
import { convNormActivation } from './convNormActivation.ts';
import { Layer } from './module.ts';

/** `torch.nn.Sequential`: layers named `0`, `1`, … applied in turn; convolution, norm and activation as one. */
export class Sequential extends Layer {
  readonly layers: readonly Layer[];
  /** With the layers of sequences inside in their place, so that what ends one fuses with what follows it. */
  readonly #flat: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    super();
    this.layers = layers.map((layer, index) => this.register(String(index), layer));
    this.#flat = layers.flatMap((layer) => (layer instanceof Sequential ? layer.#flat : [layer]));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    let y = x;
    for (let index = 0; index < this.#flat.length;) {
      const [first, second, third] = this.#flat.slice(index, index + 3);
      if (first instanceof Conv2d && second instanceof BatchNorm2d) {
        const activation = context.observe === undefined ? fusedActivation(third) : undefined;
        y = convNormActivation(y, [first, second], { activation: activation ?? 'none' }, context);
        index += activation === undefined ? 2 : 3;
      } else if (first instanceof BatchNorm2d && context.observe === undefined) {
        const activation = fusedActivation(second);
        y = first.forwardWith(y, { activation: activation ?? 'none' }, context);
        index += activation === undefined ? 1 : 2;
      } else {
        y = first!.forward(y, context);
        index += 1;
      }
    }
    return y;
  }
}

function fusedActivation(layer: Layer | undefined): Activation | undefined {
  if (layer instanceof Relu) return 'relu';
  if (layer instanceof Relu6) return 'relu6';
  if (layer instanceof Silu) return 'silu';
  return layer instanceof Hardswish ? 'hardswish' : undefined;
}
