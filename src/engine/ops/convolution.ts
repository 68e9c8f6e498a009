import * as tf from '@tensorflow/tfjs-core';
import type { OpAttribute } from '../native.ts';
import { attribute, runOp, sizes } from '../op.ts';
import { startedEngine } from '../running.ts';
import type { Pair, Sides } from './pair.ts';

export interface Geometry {
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
}

/** Whether these are the sides that TensorFlow's SAME pads: an output of ⌈size / stride⌉, the odd zero at the end. */
function isSame(
  { stride, padding, dilation }: Geometry,
  inputShape: readonly number[],
  filterShape: readonly number[],
): boolean {
  return [0, 1].every((axis) => {
    const size = inputShape[axis + 1]!;
    const reach = (Math.ceil(size / stride[axis]!) - 1) * stride[axis]! + 1;
    const total = Math.max(reach + dilation[axis]! * (filterShape[axis]! - 1) - size, 0);
    const [before, after] = padding[axis]!;
    return before === Math.floor(total / 2) && after === Math.ceil(total / 2);
  });
}

/** Attributes of a convolution and its gradients. */
function attributes(
  geometry: Geometry,
  inputShape: readonly number[],
  filterShape: readonly number[],
): OpAttribute[] {
  const { stride, padding, dilation } = geometry;
  const none = padding.flat().every((pixels) => pixels === 0);
  const same = isSame(geometry, inputShape, filterShape);
  return [
    attribute.type('T'),
    attribute.ints('strides', [1, ...stride, 1]),
    attribute.ints('dilations', [1, ...dilation, 1]),
    attribute.string('data_format', 'NHWC'),
    attribute.string('padding', none ? 'VALID' : same ? 'SAME' : 'EXPLICIT'),
    ...(none || same ? [] : [attribute.ints('explicit_paddings', [0, 0, ...padding.flat(), 0, 0])]),
  ];
}

/** Names of TensorFlow's forward and gradient ops. */
export interface Family {
  readonly forward: string;
  readonly backwardData: string;
  readonly backwardFilter: string;
}

export const dense: Family = {
  forward: 'Conv2D',
  backwardData: 'Conv2DBackpropInput',
  backwardFilter: 'Conv2DBackpropFilter',
};
/** The number of groups is told by the shapes. */
export const grouped: Family = { ...dense };
export const depthwise: Family = {
  forward: 'DepthwiseConv2dNative',
  backwardData: 'DepthwiseConv2dNativeBackpropInput',
  backwardFilter: 'DepthwiseConv2dNativeBackpropFilter',
};

export function forward(family: Family, x: tf.Tensor, filter: tf.Tensor, geometry: Geometry): tf.Tensor {
  const attrs = attributes(geometry, x.shape, filter.shape);
  // Where a bias follows, Grappler makes one op of both and forgets explicit paddings, which ends the process.
  if (family === depthwise && isExplicit(attrs)) {
    return forward(family, pad(x, geometry), filter, { ...geometry, padding: unpadded });
  }
  if (family === dense && isSlowAlone(x.shape, filter.shape, geometry)) {
    return tf.tidy(() => inHalves(x, filter, geometry));
  }
  return runOp(family.forward, attrs, [x, filter]);
}

function outRows([, height]: readonly number[], [kernel]: readonly number[], geometry: Geometry): number {
  const [[top, bottom]] = geometry.padding;
  const reach = geometry.dilation[0] * (kernel! - 1) + 1;
  return Math.floor((height! + top + bottom - reach) / geometry.stride[0]) + 1;
}

/**
 * Of a single image TensorFlow gives oneDNN the filter as it lies, for which that has only its slowest kernel, at a
 * third to half of the others' speed. Measured without AVX-512; pointwise convolutions are as fast either way.
 */
function isSlowAlone(xShape: readonly number[], filterShape: readonly number[], geometry: Geometry): boolean {
  const [kernelHeight, kernelWidth] = filterShape;
  const { device, avx512 } = startedEngine().info;
  const rows = outRows(xShape, filterShape, geometry);
  const isPointwise = kernelHeight === 1 && kernelWidth === 1;
  const reach = geometry.dilation[0] * (kernelHeight! - 1) + 1;
  // Else a half could be nothing but padding.
  const showsImage = geometry.padding[0].every((zeros) => zeros < reach);
  const isAlone = device === 'cpu' && !avx512 && xShape[0] === 1;
  return isAlone && !isPointwise && showsImage && rows >= 8 && rows % 2 === 0;
}

/** The upper and the lower half of the rows as a batch of two, whose results lie one after the other. */
function inHalves(x: tf.Tensor, filter: tf.Tensor, geometry: Geometry): tf.Tensor {
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const [kernel, , , outChannels] = filter.shape;
  const { stride, dilation, padding } = geometry;
  const rows = outRows(x.shape, filter.shape, geometry);
  const reach = (rows / 2 - 1) * stride[0] + dilation[0] * (kernel - 1) + 1;
  const halves = [0, (rows / 2) * stride[0]].map((offset) => {
    const start = offset - padding[0][0];
    const [from, to] = [Math.max(0, start), Math.min(height, start + reach)];
    const half = tf.slice(x, [0, from, 0, 0], [1, to - from, width, channels]);
    const missing: [number, number] = [from - start, start + reach - to];
    return missing[0] + missing[1] === 0 ? half : tf.pad(half, [[0, 0], missing, [0, 0], [0, 0]]);
  });
  const beside: Geometry = { ...geometry, padding: [[0, 0], padding[1]] };
  const y = forward(dense, tf.concat(halves, 0), filter, beside);
  return tf.reshape(y, [1, rows, y.shape[2]!, outChannels!]);
}

// With explicit padding, TensorFlow's gradients miss oneDNN's kernels: up to 150 times slower in bfloat16, and refused
// with dilation. So strided gradients are those of an unpadded convolution of the padded input.

const unpadded: Sides = [
  [0, 0],
  [0, 0],
];

function isExplicit(attrs: readonly OpAttribute[]): boolean {
  return attrs.some(({ value }) => value === 'EXPLICIT');
}

export function backwardData(
  family: Family,
  inputShape: readonly number[],
  filter: tf.Tensor,
  dy: tf.Tensor,
  geometry: Geometry,
): tf.Tensor {
  const attrs = attributes(geometry, inputShape, filter.shape);
  if (!isExplicit(attrs)) return runOp(family.backwardData, attrs, [sizes(inputShape), filter, dy]);
  const [batch, height, width, channels] = inputShape as [number, number, number, number];
  const [[top, bottom], [left, right]] = geometry.padding;
  const padded = [batch, top + height + bottom, left + width + right, channels];
  const dx = backwardData(family, padded, filter, dy, { ...geometry, padding: unpadded });
  return tf.slice(dx, [0, top, left, 0], [batch, height, width, channels]);
}

/** Without AVX-512 oneDNN's kernel is ten times slower than its others; ours (and Eigen's) know no dilation. */
function denseBackwardFilter({ dilation }: Geometry): string {
  const dilated = dilation[0] > 1 || dilation[1] > 1;
  const { device, avx512 } = startedEngine().info;
  return dilated || avx512 || device !== 'cpu' ? dense.backwardFilter : 'PhalanxConv2DBackpropFilter';
}

export function backwardFilter(
  family: Family,
  x: tf.Tensor,
  filterShape: readonly number[],
  dy: tf.Tensor,
  geometry: Geometry,
): tf.Tensor {
  const attrs = attributes(geometry, x.shape, filterShape);
  if (!isExplicit(attrs)) {
    const op = family === dense ? denseBackwardFilter(geometry) : family.backwardFilter;
    return runOp(op, attrs, [x, sizes(filterShape), dy]);
  }
  return backwardFilter(family, pad(x, geometry), filterShape, dy, { ...geometry, padding: unpadded });
}

function pad(x: tf.Tensor, { padding: [vertical, horizontal] }: Geometry): tf.Tensor {
  return tf.pad(x, [[0, 0], [...vertical], [...horizontal], [0, 0]]);
}
