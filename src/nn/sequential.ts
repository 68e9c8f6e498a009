import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../engine/ops/batchNorm.ts';
import { Relu, Relu6, Silu } from './activations.ts';
import { BatchNorm2d } from './batchNorm2d.ts';
import type { Context } from './context.ts';
import { Conv2d } from './conv2d.ts';
import { convNormActivation } from './convNormActivation.ts';
import { Layer } from './module.ts';

/** `torch.nn.Sequential`: layers named `0`, `1`, … applied in turn; convolution, norm and activation as one. */
export class Sequential extends Layer {
  readonly layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    super();
    this.layers = layers.map((layer, index) => this.register(String(index), layer));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    let y = x;
    for (let index = 0; index < this.layers.length;) {
      const [first, second, third] = this.layers.slice(index, index + 3);
      if (first instanceof Conv2d && second instanceof BatchNorm2d) {
        const activation = context.observe === undefined ? fusedActivation(third) : undefined;
        y = convNormActivation(y, [first, second], { activation: activation ?? 'none' }, context);
        index += activation === undefined ? 2 : 3;
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
  return layer instanceof Silu ? 'silu' : undefined;
}
