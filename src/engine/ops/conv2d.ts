import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../../core/errors.ts';
import type { OpAttribute } from '../native.ts';
import { attribute, defineOp, runOp, sizes } from '../op.ts';
import { pair } from './pair.ts';
import type { Pair } from './pair.ts';

export interface Conv2dOptions {
  /** [vertical, horizontal], or one number for both. Default 1. */
  readonly stride?: number | Pair;
  /** Rows and columns of zeros on *each* side, as PyTorch counts them. Default 0. */
  readonly padding?: number | Pair;
  readonly dilation?: number | Pair;
  /** Channels are split into so many groups, each convolved by itself. */
  readonly groups?: number;
}

interface Geometry {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
}

/** Attributes shared by a convolution and both its gradients. */
function attributes({ stride, padding, dilation }: Geometry, kernel: Pair): OpAttribute[] {
  const none = padding[0] === 0 && padding[1] === 0;
  const same = [0, 1].every(
    (axis) => stride[axis] === 1 && 2 * padding[axis]! === dilation[axis]! * (kernel[axis]! - 1),
  );
  const [vertical, horizontal] = padding;
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

function kernelOf(shape: readonly number[]): Pair {
  return [shape[0]!, shape[1]!];
}

/** Names of TensorFlow's forward and gradient ops. */
interface Family {
  readonly forward: string;
  readonly backwardData: string;
  readonly backwardFilter: string;
}

const dense: Family = {
  forward: 'Conv2D',
  backwardData: 'Conv2DBackpropInput',
  backwardFilter: 'Conv2DBackpropFilter',
};
const depthwise: Family = {
  forward: 'DepthwiseConv2dNative',
  backwardData: 'DepthwiseConv2dNativeBackpropInput',
  backwardFilter: 'DepthwiseConv2dNativeBackpropFilter',
};

function forward(family: Family, x: tf.Tensor, filter: tf.Tensor, geometry: Geometry): tf.Tensor {
  return runOp(family.forward, attributes(geometry, kernelOf(filter.shape)), [x, filter]);
}

function backwardData(
  family: Family,
  inputShape: readonly number[],
  filter: tf.Tensor,
  dy: tf.Tensor,
  geometry: Geometry,
): tf.Tensor {
  return runOp(family.backwardData, attributes(geometry, kernelOf(filter.shape)), [
    sizes(inputShape),
    filter,
    dy,
  ]);
}

function backwardFilter(
  family: Family,
  x: tf.Tensor,
  filterShape: readonly number[],
  dy: tf.Tensor,
  geometry: Geometry,
): tf.Tensor {
  return runOp(family.backwardFilter, attributes(geometry, kernelOf(filterShape)), [
    x,
    sizes(filterShape),
    dy,
  ]);
}

function define(name: string, family: Family) {
  return defineOp<'x' | 'filter', Geometry>({
    name,
    forward: ({ x, filter }, geometry) => [forward(family, x, filter, geometry)],
    saveInputs: ['x', 'filter'],
    gradient: ([dy], [x, filter], geometry) => ({
      x: () => backwardData(family, x!.shape, filter!, dy!, geometry),
      filter: () => backwardFilter(family, x!, filter!.shape, dy!, geometry),
    }),
  });
}

const denseConv2d = define('Conv2d', dense);
const depthwiseConv2d = define('DepthwiseConv2d', depthwise);

const transposedConv2d = defineOp<'x' | 'filter', Geometry & { readonly outputShape: readonly number[] }>({
  name: 'ConvTranspose2d',
  forward: ({ x, filter }, { outputShape, ...geometry }) => [
    backwardData(dense, outputShape, filter, x, geometry),
  ],
  saveInputs: ['x', 'filter'],
  gradient: ([dy], [x, filter], geometry) => ({
    x: () => forward(dense, dy!, filter!, geometry),
    filter: () => backwardFilter(dense, dy!, filter!.shape, x!, geometry),
  }),
});

function resolveGeometry({ stride = 1, padding = 0, dilation = 1 }: Conv2dOptions): Geometry {
  return { stride: pair(stride), padding: pair(padding), dilation: pair(dilation) };
}

/**
 * Convolution of `x` [N, H, W, C] with `filter` [kernelH, kernelW, C / groups, outChannels], padded as PyTorch's
 * `conv2d` pads: the same number of zeros on both sides, which differs from TensorFlow's SAME at stride 2.
 *
 * @returns [N, outH, outW, outChannels] with outH = floor((H + 2 padding - dilation (kernelH - 1) - 1) / stride) + 1
 * @throws PhalanxError `engine/conv2d` when the groups do not divide the channels; `engine/op` for other misfits
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions = {}): tf.Tensor4D {
  const geometry = resolveGeometry(options);
  const groups = options.groups ?? 1;
  const inChannels = x.shape[3];
  const [kernelHeight, kernelWidth, channelsPerGroup, outChannels] = filter.shape;
  if (inChannels !== channelsPerGroup * groups || outChannels % groups !== 0) {
    throw new PhalanxError('engine/conv2d', {
      what: 'The channels of a convolution do not fit',
      expected: `a filter of [kernelH, kernelW, ${inChannels} / ${groups} groups, multiple of ${groups}]`,
      received: `a filter of [${filter.shape.join(', ')}] for an input of [${x.shape.join(', ')}]`,
    });
  }
  if (groups === 1) return denseConv2d({ x, filter }, geometry)[0] as tf.Tensor4D;
  const strideIsSquare = geometry.stride[0] === geometry.stride[1];
  if (channelsPerGroup === 1 && strideIsSquare) {
    // Channel g of the input makes the outputs g * multiplier ..., in PyTorch and here alike.
    const shape: [number, number, number, number] = [
      kernelHeight,
      kernelWidth,
      inChannels,
      outChannels / groups,
    ];
    return depthwiseConv2d({ x, filter: tf.reshape(filter, shape) }, geometry)[0] as tf.Tensor4D;
  }
  // TensorFlow's grouped convolution has no gradient on the CPU.
  const inputs = tf.split(x, groups, 3);
  const filters = tf.split(filter, groups, 3);
  return tf.concat(
    inputs.map(
      (input, group) => denseConv2d({ x: input, filter: filters[group]! }, geometry)[0] as tf.Tensor4D,
    ),
    3,
  );
}

/**
 * Transposed convolution of `x` [N, H, W, C] with `filter` [kernelH, kernelW, outChannels, C], as PyTorch's
 * `conv_transpose2d`.
 *
 * @returns [N, outH, outW, outChannels] with
 *   outH = (H - 1) stride - 2 padding + dilation (kernelH - 1) + outputPadding + 1
 */
export function convTranspose2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  options: Omit<Conv2dOptions, 'groups'> & { readonly outputPadding?: number | Pair } = {},
): tf.Tensor4D {
  const geometry = resolveGeometry(options);
  const { stride, padding, dilation } = geometry;
  const outputPadding = pair(options.outputPadding ?? 0);
  const spatial = ([0, 1] as const).map(
    (axis) =>
      (x.shape[axis + 1]! - 1) * stride[axis] -
      2 * padding[axis] +
      dilation[axis] * (filter.shape[axis] - 1) +
      outputPadding[axis] +
      1,
  );
  const outputShape = [x.shape[0], ...spatial, filter.shape[2]];
  return transposedConv2d({ x, filter }, { ...geometry, outputShape })[0] as tf.Tensor4D;
}
