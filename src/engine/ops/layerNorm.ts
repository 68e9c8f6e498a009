import * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp, runOps } from '../op.ts';
import { hasOwnKernels } from '../ownKernels.ts';

interface LayerNormAttributes {
  readonly epsilon: number;
}

const attributes = ({ epsilon }: LayerNormAttributes) => [
  attribute.type('T'),
  attribute.float('epsilon', epsilon),
];

const fused = defineOp<'x' | 'scale' | 'offset', LayerNormAttributes>({
  name: 'LayerNorm',
  forward: ({ x, scale, offset }, attrs) => [
    runOp('PhalanxLayerNorm', attributes(attrs), [x, scale, offset]),
  ],
  saveInputs: ['x', 'scale'],
  gradient: ([dy], [x, scale], attrs) => {
    const [dx, dscale, doffset] = runOps('PhalanxLayerNormGrad', attributes(attrs), [dy!, x!, scale!], 3);
    return { x: () => dx!, scale: () => dscale!, offset: () => doffset! };
  },
});

/**
 * Normalizes `x` [N, H, W, C] by the mean and biased variance of each pixel's channels, scales and shifts by `scale`
 * and `offset` [C]. Ba et al. 2016, https://arxiv.org/abs/1607.06450. On the CPU one pass over memory each way,
 * elsewhere of TensorFlow's ops.
 */
export function layerNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): tf.Tensor4D {
  if (!hasOwnKernels()) return composedLayerNorm(x, scale, offset, epsilon);
  return fused({ x, scale, offset }, { epsilon })[0] as tf.Tensor4D;
}

/** The same, of TensorFlow's ops. */
export function composedLayerNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): tf.Tensor4D {
  const centered = tf.sub(x, tf.mean(x, 3, true));
  const variance = tf.mean(tf.square(centered), 3, true);
  const normalized = tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(normalized, scale), offset);
}
