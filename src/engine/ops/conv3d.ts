import * as tf from '@tensorflow/tfjs-core';
import type { OpAttribute } from '../native.ts';
import { attribute, defineOp, runOp, sizes } from '../op.ts';

export interface Conv3dOptions {
  /** Along all three axes. Default 1. */
  readonly stride?: number;
  /** Slices, rows and columns of zeros on *each* side, as PyTorch counts them. Default 0. */
  readonly padding?: number;
}

interface Geometry {
  readonly stride: number;
  /** TensorFlow's ops for volumes take no other paddings than these. */
  readonly padding: 'SAME' | 'VALID';
}

function attributes({ stride, padding }: Geometry): OpAttribute[] {
  return [
    attribute.type('T'),
    attribute.ints('strides', [1, stride, stride, stride, 1]),
    attribute.ints('dilations', [1, 1, 1, 1, 1]),
    attribute.string('data_format', 'NDHWC'),
    attribute.string('padding', padding),
  ];
}

function forward(x: tf.Tensor, filter: tf.Tensor, geometry: Geometry): tf.Tensor {
  return runOp('Conv3D', attributes(geometry), [x, filter]);
}

function backwardData(
  shape: readonly number[],
  filter: tf.Tensor,
  dy: tf.Tensor,
  geometry: Geometry,
): tf.Tensor {
  return runOp('Conv3DBackpropInputV2', attributes(geometry), [sizes(shape), filter, dy]);
}

function backwardFilter(
  x: tf.Tensor,
  shape: readonly number[],
  dy: tf.Tensor,
  geometry: Geometry,
): tf.Tensor {
  return runOp('Conv3DBackpropFilterV2', attributes(geometry), [x, sizes(shape), dy]);
}

const convolution = defineOp<'x' | 'filter', Geometry>({
  name: 'Conv3d',
  forward: ({ x, filter }, geometry) => [forward(x, filter, geometry)],
  saveInputs: ['x', 'filter'],
  gradient: ([dy], [x, filter], geometry) => ({
    x: () => backwardData(x!.shape, filter!, dy!, geometry),
    filter: () => backwardFilter(x!, filter!.shape, dy!, geometry),
  }),
});

const transposed = defineOp<'x' | 'filter', Geometry & { readonly outputShape: readonly number[] }>({
  name: 'ConvTranspose3d',
  forward: ({ x, filter }, { outputShape, ...geometry }) => [backwardData(outputShape, filter, x, geometry)],
  saveInputs: ['x', 'filter'],
  gradient: ([dy], [x, filter], geometry) => ({
    x: () => forward(dy!, filter!, geometry),
    filter: () => backwardFilter(dy!, filter!.shape, x!, geometry),
  }),
});

/** Whether TensorFlow's SAME is this padding, of a volume with these three sides. */
function isSame(sides: readonly number[], filterShape: readonly number[], stride: number, padding: number) {
  return sides.every((side, axis) => {
    const total = (Math.ceil(side / stride) - 1) * stride + filterShape[axis]! - side;
    return Math.max(total, 0) === 2 * padding;
  });
}

/**
 * Convolution of `x` [N, D, H, W, C] with `filter` [kernelD, kernelH, kernelW, C, outChannels], padded as PyTorch's
 * `conv3d` pads, with the same number of zeros on both sides of an axis.
 *
 * @returns [N, outD, outH, outW, outChannels] with outD = floor((D + 2 padding - kernelD) / stride) + 1
 */
export function conv3d(
  x: tf.Tensor5D,
  filter: tf.Tensor5D,
  { stride = 1, padding = 0 }: Conv3dOptions = {},
): tf.Tensor5D {
  const same = padding > 0 && isSame(x.shape.slice(1, 4), filter.shape, stride, padding);
  const margin: [number, number] = [padding, padding];
  const input = same || padding === 0 ? x : tf.pad(x, [[0, 0], margin, margin, margin, [0, 0]]);
  return convolution({ x: input, filter }, { stride, padding: same ? 'SAME' : 'VALID' })[0] as tf.Tensor5D;
}

/**
 * Transposed convolution of `x` [N, D, H, W, C] with `filter` [kernelD, kernelH, kernelW, outChannels, C], as PyTorch's
 * `conv_transpose3d`.
 *
 * @returns [N, outD, outH, outW, outChannels] with outD = (D - 1) stride - 2 padding + kernelD
 */
export function convTranspose3d(
  x: tf.Tensor5D,
  filter: tf.Tensor5D,
  { stride = 1, padding = 0 }: Conv3dOptions = {},
): tf.Tensor5D {
  const [batch, ...rest] = x.shape;
  const whole = rest.slice(0, 3).map((side, axis) => (side - 1) * stride + filter.shape[axis]!);
  const sides = whole.map((side) => side - 2 * padding);
  const channels = filter.shape[3];
  const same = padding > 0 && isSame(sides, filter.shape, stride, padding);
  const outputShape = [batch, ...(same ? sides : whole), channels];
  const geometry = { stride, padding: same ? 'SAME' : 'VALID', outputShape } as const;
  const [y] = transposed({ x, filter }, geometry) as [tf.Tensor5D];
  if (same || padding === 0) return y;
  return tf.slice(y, [0, padding, padding, padding, 0], [batch, ...sides, channels]);
}
