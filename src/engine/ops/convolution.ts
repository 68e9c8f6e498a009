import * as tf from '@tensorflow/tfjs-core';
import type { OpAttribute } from '../native.ts';
import { attribute, runOp, sizes } from '../op.ts';
import type { Pair } from './pair.ts';

export interface Geometry {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
}

/** Attributes of a convolution and its gradients. */
function attributes({ stride, padding, dilation }: Geometry, filterShape: readonly number[]): OpAttribute[] {
  const [vertical, horizontal] = padding;
  const none = vertical === 0 && horizontal === 0;
  const same = [0, 1].every(
    (axis) => stride[axis] === 1 && 2 * padding[axis]! === dilation[axis]! * (filterShape[axis]! - 1),
  );
  return [
    attribute.type('T'),
    attribute.ints('strides', [1, ...stride, 1]),
    attribute.ints('dilations', [1, ...dilation, 1]),
    attribute.string('data_format', 'NHWC'),
    attribute.string('padding', none ? 'VALID' : same ? 'SAME' : 'EXPLICIT'),
    ...(none || same
      ? []
      : [attribute.ints('explicit_paddings', [0, 0, vertical, vertical, horizontal, horizontal, 0, 0])]),
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
export const depthwise: Family = {
  forward: 'DepthwiseConv2dNative',
  backwardData: 'DepthwiseConv2dNativeBackpropInput',
  backwardFilter: 'DepthwiseConv2dNativeBackpropFilter',
};

export function forward(family: Family, x: tf.Tensor, filter: tf.Tensor, geometry: Geometry): tf.Tensor {
  return runOp(family.forward, attributes(geometry, filter.shape), [x, filter]);
}

// With explicit padding, TensorFlow's gradients miss oneDNN's kernels: up to 150 times slower in bfloat16, and refused
// with dilation. So strided gradients are those of an unpadded convolution of the padded input.

function isExplicit(geometry: Geometry, filterShape: readonly number[]): boolean {
  return attributes(geometry, filterShape).some(({ value }) => value === 'EXPLICIT');
}

export function backwardData(
  family: Family,
  inputShape: readonly number[],
  filter: tf.Tensor,
  dy: tf.Tensor,
  geometry: Geometry,
): tf.Tensor {
  const [batch, height, width, channels] = inputShape as [number, number, number, number];
  const [vertical, horizontal] = geometry.padding;
  if (!isExplicit(geometry, filter.shape)) {
    return runOp(family.backwardData, attributes(geometry, filter.shape), [sizes(inputShape), filter, dy]);
  }
  const padded = [batch, height + 2 * vertical, width + 2 * horizontal, channels];
  const dx = backwardData(family, padded, filter, dy, { ...geometry, padding: [0, 0] });
  return tf.slice(dx, [0, vertical, horizontal, 0], [batch, height, width, channels]);
}

/**
 * oneDNN's kernel for AVX2 gathers the pixels that a strided 1×1 convolution takes, and where channels do not fill its
 * vectors of eight it adds up what lies behind them. Taken out by an op before, the pixels are right.
 */
function readsBeyondChannels({ stride, padding }: Geometry, filterShape: readonly number[]): boolean {
  const [height, width, channels] = filterShape as [number, number, number];
  const strided = stride[0] > 1 || stride[1] > 1;
  return height === 1 && width === 1 && strided && padding[0] + padding[1] === 0 && channels % 8 !== 0;
}

export function backwardFilter(
  family: Family,
  x: tf.Tensor,
  filterShape: readonly number[],
  dy: tf.Tensor,
  geometry: Geometry,
): tf.Tensor {
  if (readsBeyondChannels(geometry, filterShape)) {
    const taken = tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, ...geometry.stride, 1]);
    return backwardFilter(family, taken, filterShape, dy, { ...geometry, stride: [1, 1] });
  }
  if (!isExplicit(geometry, filterShape)) {
    return runOp(family.backwardFilter, attributes(geometry, filterShape), [x, sizes(filterShape), dy]);
  }
  const [vertical, horizontal] = geometry.padding;
  const padded = tf.pad(x, [
    [0, 0],
    [vertical, vertical],
    [horizontal, horizontal],
    [0, 0],
  ]);
  return backwardFilter(family, padded, filterShape, dy, { ...geometry, padding: [0, 0] });
}
