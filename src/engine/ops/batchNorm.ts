import * as tf from '@tensorflow/tfjs-core';
import type { OpAttribute } from '../native.ts';
import { attribute, defineOp, runOps } from '../op.ts';

interface BatchNormAttributes {
  readonly epsilon: number;
}

function attributes(epsilon: number, training: boolean): OpAttribute[] {
  return [
    attribute.type('T'),
    attribute.type('U'),
    attribute.float('epsilon', epsilon),
    attribute.string('data_format', 'NHWC'),
    attribute.bool('is_training', training),
  ];
}

/** dx, dscale, doffset from TensorFlow's fused gradient. */
function backward(
  [dy, x, scale, ...reserves]: readonly tf.Tensor[],
  epsilon: number,
  training: boolean,
): readonly tf.Tensor[] {
  const inputs = [dy!, x!, scale!, ...reserves];
  const [dx, dscale, doffset, ...unused] = runOps(
    'FusedBatchNormGradV3',
    attributes(epsilon, training),
    inputs,
    5,
  );
  tf.dispose(unused);
  return [dx!, dscale!, doffset!];
}

const training = defineOp<'x' | 'scale' | 'offset', BatchNormAttributes>({
  name: 'BatchNormTraining',
  forward: ({ x, scale, offset }, { epsilon }) => {
    // While training the op reads no running statistics; it wants empty tensors in their place.
    const none = tf.tensor1d([], 'float32');
    const attrs = [...attributes(epsilon, true), attribute.float('exponential_avg_factor', 1)];
    return runOps('FusedBatchNormV3', attrs, [x, scale, offset, none, none], 6);
  },
  saveInputs: ['x', 'scale'],
  saveOutputs: [false, false, false, true, true, true],
  gradient: ([dy], [x, scale, ...reserves], { epsilon }) => {
    const [dx, dscale, doffset] = backward([dy!, x!, scale!, ...reserves], epsilon, true);
    return { x: () => dx!, scale: () => dscale!, offset: () => doffset! };
  },
});

const inference = defineOp<'x' | 'scale' | 'offset' | 'mean' | 'variance', BatchNormAttributes>({
  name: 'BatchNormInference',
  forward: ({ x, scale, offset, mean, variance }, { epsilon }) => {
    const inputs = [x, scale, offset, mean, variance];
    const [y, ...unused] = runOps('FusedBatchNormV3', attributes(epsilon, false), inputs, 6);
    tf.dispose(unused);
    return [y!];
  },
  saveInputs: ['x', 'scale', 'mean', 'variance'],
  gradient: ([dy], [x, scale, mean, variance], { epsilon }) => {
    const none = tf.tensor1d([], 'float32');
    const [dx, dscale, doffset] = backward([dy!, x!, scale!, mean!, variance!, none], epsilon, false);
    const constant = (statistic: tf.Tensor) => () => tf.zerosLike(statistic);
    return {
      x: () => dx!,
      scale: () => dscale!,
      offset: () => doffset!,
      mean: constant(mean!),
      variance: constant(variance!),
    };
  },
});

export interface BatchNormTrainingResult {
  /** [N, H, W, C] */
  readonly y: tf.Tensor4D;
  /** The batch's mean per channel, [C]; no gradient flows through it. */
  readonly mean: tf.Tensor1D;
  /** The batch's *unbiased* variance per channel, [C], as PyTorch puts it into the running variance. */
  readonly variance: tf.Tensor1D;
}

/**
 * Normalizes `x` [N, H, W, C] by the batch's own mean and (biased) variance per channel, then scales and shifts by
 * `scale` and `offset` [C].
 * Ioffe and Szegedy, Batch Normalization, 2015; TensorFlow's FusedBatchNormV3.
 */
export function batchNormTraining(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon = 1e-5,
): BatchNormTrainingResult {
  const [y, mean, variance] = training({ x, scale, offset }, { epsilon });
  return { y: y as tf.Tensor4D, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/** Normalizes `x` [N, H, W, C] by given statistics [C], which are constants to the gradient. */
export function batchNormInference(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  epsilon = 1e-5,
): tf.Tensor4D {
  return inference({ x, scale, offset, mean, variance }, { epsilon })[0] as tf.Tensor4D;
}
