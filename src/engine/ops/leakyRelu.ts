import type * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp } from '../op.ts';

interface Slope {
  /** Factor of negative values, above 0. */
  readonly alpha: number;
}

const attributes = ({ alpha }: Slope) => [attribute.type('T'), attribute.float('alpha', alpha)];

const leaky = defineOp<'x', Slope>({
  name: 'LeakyRelu',
  forward: ({ x }, slope) => [runOp('LeakyRelu', attributes(slope), [x])],
  saveInputs: [],
  // It has the input's sign. A second user of the input would keep TensorFlow from fusing it with what comes before.
  saveOutputs: [true],
  gradient: ([dy], [y], slope) => ({ x: () => runOp('LeakyReluGrad', attributes(slope), [dy!, y!]) }),
});

/** `x` where it is positive, `alpha` times `x` elsewhere; `alpha` is above 0. */
export function leakyRelu(x: tf.Tensor4D, alpha: number): tf.Tensor4D {
  return leaky({ x }, { alpha })[0] as tf.Tensor4D;
}
