import * as tf from '@tensorflow/tfjs-core';
import { randomNormal, randomUniform } from '../engine/ops/random.ts';

/** Draws a first value of the given shape (TensorFlow layout); `seed` is int32 `[2]`, unique to the parameter. */
export type Initializer = (shape: readonly number[], seed: tf.Tensor1D) => tf.Tensor;

export const zeros: Initializer = (shape) => tf.zeros([...shape]);
export const ones: Initializer = (shape) => tf.ones([...shape]);
export const zeroCount: Initializer = () => tf.scalar(0, 'int32');

/** `torch.nn.init.kaiming_normal_(mode='fan_out', nonlinearity='relu')` (He et al. 2015), as torchvision's ResNet. */
export const kaimingNormalFanOut: Initializer = (shape, seed) =>
  tf.tidy(() => tf.mul(randomNormal([...shape], seed), Math.sqrt(2 / fans(shape).fanOut)));

/** `torch.nn.init.kaiming_normal_` with its defaults, as torchvision's DenseNet. */
export const kaimingNormalFanIn: Initializer = (shape, seed) =>
  tf.tidy(() => tf.mul(randomNormal([...shape], seed), Math.sqrt(2 / fans(shape).fanIn)));
/** `torch.nn.init.normal_` of mean 0. */
export function normal(deviation: number): Initializer {
  return (shape, seed) => tf.tidy(() => tf.mul(randomNormal([...shape], seed), deviation));
}

/** `torch.nn.init.kaiming_uniform_(mode='fan_in', nonlinearity='relu')`, as segmentation-models-pytorch's decoders. */
export const kaimingUniformFanIn: Initializer = (shape, seed) =>
  symmetricUniform(shape, seed, Math.sqrt(6 / fans(shape).fanIn));

/** `torch.nn.init.xavier_uniform_` (Glorot and Bengio 2010), as segmentation-models-pytorch's heads. */
export const xavierUniform: Initializer = (shape, seed) => {
  const { fanIn, fanOut } = fans(shape);
  return symmetricUniform(shape, seed, Math.sqrt(6 / (fanIn + fanOut)));
};

/** PyTorch's default for convolution and linear kernels: uniform within ±1/√fanIn. */
export const torchDefaultKernel: Initializer = (shape, seed) =>
  symmetricUniform(shape, seed, 1 / Math.sqrt(fans(shape).fanIn));

/** PyTorch's default for the bias beside a kernel of the given shape: uniform within ±1/√fanIn. */
export function torchDefaultBias(kernelShape: readonly number[]): Initializer {
  return (shape, seed) => symmetricUniform(shape, seed, 1 / Math.sqrt(fans(kernelShape).fanIn));
}

function symmetricUniform(shape: readonly number[], seed: tf.Tensor1D, bound: number): tf.Tensor {
  return tf.tidy(() => tf.sub(tf.mul(randomUniform([...shape], seed), 2 * bound), bound));
}

/** PyTorch's `_calculate_fan_in_and_fan_out`, in TensorFlow layout (the last two axes are PyTorch's second and first). */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const receptiveField = shape.slice(0, -2).reduce((product, dimension) => product * dimension, 1);
  const [inputs, outputs] = shape.slice(-2);
  if (inputs === undefined || outputs === undefined) throw new Error('Fans need a kernel of rank 2 or more');
  return { fanIn: inputs * receptiveField, fanOut: outputs * receptiveField };
}
