import * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp, runOps } from '../op.ts';
import { hasOwnKernels } from '../ownKernels.ts';

const types = [attribute.type('T')];

/** The mean, and the map itself for whatever else it goes to: so both gradients meet in one op. */
const spatialMean = defineOp<'x', object>({
  name: 'SpatialMean',
  forward: ({ x }) => [runOp('PhalanxSpatialMean', types, [x]), runOp('Identity', types, [x])],
  saveInputs: [],
  gradient: ([dmean, dx]) => ({ x: () => runOp('PhalanxSpatialMeanGrad', types, [dmean!, dx!]) }),
});

const channelScale = defineOp<'x' | 'logits', object>({
  name: 'ChannelScale',
  forward: ({ x, logits }) => [runOp('PhalanxChannelScale', types, [x, logits])],
  saveInputs: ['x', 'logits'],
  gradient: ([dy], [x, logits]) => {
    const [dx, dlogits] = runOps('PhalanxChannelScaleGrad', types, [dy!, x!, logits!], 2);
    return { x: () => dx!, logits: () => dlogits! };
  },
});

/** From the mean of each channel to the logit of its share, both [N, 1, 1, C]. */
export type Excitation = (means: tf.Tensor4D) => tf.Tensor4D;

/**
 * Scales each channel of `x` [N, H, W, C] by a share in (0, 1), the sigmoid of what `excitation` makes of the means of
 * all: squeeze-and-excitation (Hu et al. 2018, https://arxiv.org/abs/1709.01507). On the CPU two passes over memory
 * each way, elsewhere of TensorFlow's ops.
 */
export function exciteChannels(x: tf.Tensor4D, excitation: Excitation): tf.Tensor4D {
  if (!hasOwnKernels()) return composedExciteChannels(x, excitation);
  const [means, passed] = spatialMean({ x }, {}) as [tf.Tensor4D, tf.Tensor4D];
  return channelScale({ x: passed, logits: excitation(means) }, {})[0] as tf.Tensor4D;
}

/** The same, of TensorFlow's ops. */
export function composedExciteChannels(x: tf.Tensor4D, excitation: Excitation): tf.Tensor4D {
  const means = tf.mean<tf.Tensor4D>(x, [1, 2], true);
  return tf.mul(x, tf.sigmoid(excitation(means)));
}
