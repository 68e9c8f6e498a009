import * as tf from '@tensorflow/tfjs-core';
import type { OpAttribute } from '../native.ts';
import { attribute, defineOp, runOps } from '../op.ts';
import { startedEngine } from '../running.ts';
import { silu } from './silu.ts';

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

/** What follows a normalization. */
export type Activation = 'none' | 'relu' | 'relu6' | 'silu';

interface FusedAttributes extends BatchNormAttributes {
  readonly activation: Activation;
}

function fusedAttributes(activation: Activation): OpAttribute[] {
  return [attribute.type('T'), attribute.string('activation', activation)];
}

function fusedForward(
  op: string,
  inputs: readonly tf.Tensor[],
  { epsilon, activation }: FusedAttributes,
): tf.Tensor[] {
  return runOps(op, [...fusedAttributes(activation), attribute.float('epsilon', epsilon)], inputs, 4);
}

const fused = defineOp<'x' | 'scale' | 'offset', FusedAttributes>({
  name: 'BatchNormActivation',
  forward: ({ x, scale, offset }, attrs) => fusedForward('PhalanxBatchNorm', [x, scale, offset], attrs),
  saveInputs: ['x', 'scale', 'offset'],
  saveOutputs: [false, true, false, true],
  gradient: ([dy], saved, { activation }) => {
    const [dx, dscale, doffset] = runOps(
      'PhalanxBatchNormGrad',
      fusedAttributes(activation),
      [dy!, ...saved],
      3,
    );
    return { x: () => dx!, scale: () => dscale!, offset: () => doffset! };
  },
});

const fusedResidual = defineOp<'x' | 'scale' | 'offset' | 'residual', FusedAttributes>({
  name: 'BatchNormResidualActivation',
  forward: ({ x, scale, offset, residual }, attrs) =>
    fusedForward('PhalanxBatchNormAdd', [x, scale, offset, residual], attrs),
  saveInputs: ['x', 'scale', 'offset'],
  saveOutputs: [true, true, false, true],
  gradient: ([dy], [x, scale, offset, y, mean, deviation], { activation }) => {
    const [dx, dscale, doffset, dresidual] = runOps(
      'PhalanxBatchNormAddGrad',
      fusedAttributes(activation),
      [dy!, x!, scale!, offset!, mean!, deviation!, y!],
      4,
    );
    return { x: () => dx!, scale: () => dscale!, offset: () => doffset!, residual: () => dresidual! };
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

/** A residual is added before ReLU only: its gradient is told by the output. */
export type AfterNorm =
  | { readonly activation: Activation; readonly residual?: undefined }
  | { readonly activation: 'relu'; readonly residual: tf.Tensor4D };

/**
 * Normalizes `x` [N, H, W, C] by the batch's own mean and (biased) variance per channel, scales and shifts by `scale`
 * and `offset` [C], adds a residual [N, H, W, C] and applies an activation. On the CPU two passes over memory each way,
 * elsewhere TensorFlow's FusedBatchNormV3 and ops after it.
 * Ioffe and Szegedy, Batch Normalization, 2015.
 */
export function batchNormTraining(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon = 1e-5,
  after: AfterNorm = { activation: 'none' },
): BatchNormTrainingResult {
  if (startedEngine().info.device !== 'cpu')
    return composedBatchNormTraining(x, scale, offset, epsilon, after);
  const { activation, residual } = after;
  const attrs = { epsilon, activation };
  const [y, mean, variance] =
    residual === undefined
      ? fused({ x, scale, offset }, attrs)
      : fusedResidual({ x, scale, offset, residual }, attrs);
  return { y: y as tf.Tensor4D, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/** The same, of TensorFlow's ops. */
export function composedBatchNormTraining(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
  after: AfterNorm,
): BatchNormTrainingResult {
  const [y, mean, variance] = training({ x, scale, offset }, { epsilon });
  return {
    y: applyAfter(y as tf.Tensor4D, after),
    mean: mean as tf.Tensor1D,
    variance: variance as tf.Tensor1D,
  };
}

/** Residual and activation, of ops of their own. */
export function applyAfter(y: tf.Tensor4D, { activation, residual }: AfterNorm): tf.Tensor4D {
  const sum = residual === undefined ? y : tf.add<tf.Tensor4D>(y, residual);
  switch (activation) {
    case 'none':
      return sum;
    case 'relu':
      return tf.relu(sum);
    case 'relu6':
      return tf.relu6(sum);
    case 'silu':
      return silu(sum);
  }
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
