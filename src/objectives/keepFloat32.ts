import type * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp } from '../engine/op.ts';

/**
 * A border for TensorFlow's bfloat16 rewrite. The rewrite moves to bfloat16 whatever lies between two convolutions,
 * and so the whole of a loss, which stands between forward and backward, and much of what follows a convolution.
 * `Bitcast` is on none of its lists, costs nothing and no other rewrite removes it, so what comes after it stays
 * float32, and so do the gradients that come back.
 */
const border = defineOp<'x', object>({
  name: 'KeepFloat32',
  forward: ({ x }) => [bitcast(x)],
  saveInputs: [],
  gradient: ([dy]) => ({ x: () => bitcast(dy!) }),
});

/** The same values; what is computed from them is computed in float32, whatever the precision of the function. */
export function keepFloat32<T extends tf.Tensor>(x: T): T {
  return border({ x }, {})[0] as T;
}

function bitcast(x: tf.Tensor): tf.Tensor {
  return runOp('Bitcast', [attribute.type('T'), attribute.type('type')], [x]);
}
