import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../../core/errors.ts';
import { defineOp } from '../op.ts';
import { startedEngine } from '../running.ts';
import { backwardData, backwardFilter, dense, depthwise, forward, grouped } from './convolution.ts';
import type { Family, Geometry } from './convolution.ts';
import { pair, sides } from './pair.ts';
import type { Pair, Sides } from './pair.ts';

export interface Conv2dOptions {
  /** [vertical, horizontal], or one number for both. Default 1. */
  readonly stride?: number | Pair;
  /** Rows and columns of zeros on *each* side, as PyTorch counts them, or on the four sides. Default 0. */
  readonly padding?: number | Pair | Sides;
  readonly dilation?: number | Pair;
  /** Channels are split into so many groups, each convolved by itself. */
  readonly groups?: number;
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
const groupedConv2d = define('GroupedConv2d', grouped);
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

/**
 * TensorFlow's depthwise gradients ignore dilation on the CPU without saying so; a dilated convolution is therefore an
 * undilated one over the interleaved subgrids of the input, as in Python's `tf.nn.depthwise_conv2d`.
 */
function depthwise2d(x: tf.Tensor4D, filter: tf.Tensor4D, geometry: Geometry): tf.Tensor4D {
  const { stride, padding, dilation } = geometry;
  if (dilation[0] === 1 && dilation[1] === 1)
    return depthwiseConv2d({ x, filter }, geometry)[0] as tf.Tensor4D;
  if (stride[0] !== 1) {
    throw new PhalanxError('engine/conv2d', {
      what: 'A depthwise convolution cannot have both stride and dilation',
      received: `stride ${stride.join('x')}, dilation ${dilation.join('x')}`,
    });
  }
  const fill = ([0, 1] as const).map((axis) => {
    const padded = x.shape[axis + 1]! + total(padding[axis]);
    return (dilation[axis] - (padded % dilation[axis])) % dilation[axis];
  });
  const paddings = ([0, 1] as const).map((axis) => [padding[axis][0], padding[axis][1] + fill[axis]!]);
  const grids = tf.spaceToBatchND(x, [...dilation], paddings);
  const [result] = depthwiseConv2d({ x: grids, filter }, { stride, padding: sides(0), dilation: [1, 1] });
  const crops = fill.map((rows) => [0, rows]);
  return tf.batchToSpaceND(result as tf.Tensor4D, [...dilation], crops);
}

function total([before, after]: Pair): number {
  return before + after;
}

function resolveGeometry({ stride = 1, padding = 0, dilation = 1 }: Conv2dOptions): Geometry {
  return { stride: pair(stride), padding: sides(padding), dilation: pair(dilation) };
}

/**
 * Convolution of `x` [N, H, W, C] with `filter` [kernelH, kernelW, C / groups, outChannels], padded as PyTorch's
 * `conv2d` pads, with the same number of zeros on both sides (which differs from TensorFlow's SAME at stride 2), or as
 * told for each side.
 *
 * @returns [N, outH, outW, outChannels] with
 *   outH = floor((H + paddingTop + paddingBottom - dilation (kernelH - 1) - 1) / stride) + 1
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
    return depthwise2d(x, tf.reshape(filter, shape), geometry);
  }
  return canGroup(filter.shape, geometry)
    ? (groupedConv2d({ x, filter }, geometry)[0] as tf.Tensor4D)
    : splitConv2d(x, filter, options);
}

/**
 * On processors only oneDNN has gradients of grouped convolutions; its one for 1×1 filters with strides is avoided, as
 * without groups (docs/decisions/engine-robustness.md).
 */
function canGroup([kernelHeight, kernelWidth]: readonly number[], { stride }: Geometry): boolean {
  if (startedEngine().info.device !== 'cpu') return true;
  const oneDnn = process.arch === 'x64' && process.env['TF_ENABLE_ONEDNN_OPTS'] !== '0';
  return oneDnn && (kernelHeight! * kernelWidth! > 1 || Math.max(...stride) === 1);
}

/** The same, of one convolution for each group. */
export function splitConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  const geometry = resolveGeometry(options);
  const groups = options.groups ?? 1;
  const filters = tf.split(filter, groups, 3);
  const results = tf
    .split(x, groups, 3)
    .map((input, group) => denseConv2d({ x: input, filter: filters[group]! }, geometry)[0] as tf.Tensor4D);
  return tf.concat(results, 3);
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
      total(padding[axis]) +
      dilation[axis] * (filter.shape[axis] - 1) +
      outputPadding[axis] +
      1,
  );
  const outputShape = [x.shape[0], ...spatial, filter.shape[2]];
  return transposedConv2d({ x, filter }, { ...geometry, outputShape })[0] as tf.Tensor4D;
}
