import type { GraphOp } from '../../../engine/graph/record.ts';
import { attributeOf, refuse } from './conversion.ts';
import type { Conversion } from './conversion.ts';
import type { Convert } from './elementwise.ts';
import type { OnnxAttribute } from './file.ts';
import { permute } from './permute.ts';

/** [vertical, horizontal] */
type Pair = readonly [number, number];
/** Pixels of padding: [top, left, bottom, right]. */
type Pads = readonly [number, number, number, number];

interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

function spatial(op: GraphOp, name: string): Pair {
  const [, vertical = 1, horizontal = 1] = (attributeOf(op, name) ?? []) as number[];
  return [vertical, horizontal];
}

function requireChannelsLast(op: GraphOp): void {
  if ((attributeOf(op, 'data_format') ?? 'NHWC') !== 'NHWC') refuse(`${op.type} of images channels first`);
}

/** What the op pads its input of `size` [H, W] by. */
function padsOf(op: GraphOp, size: Pair, { kernel, stride, dilation }: Window): Pads {
  const padding = attributeOf(op, 'padding');
  if (padding === 'VALID') return [0, 0, 0, 0];
  if (padding === 'EXPLICIT') {
    const [, , top, bottom, left, right] = attributeOf(op, 'explicit_paddings') as number[];
    return [top!, left!, bottom!, right!];
  }
  const totals = ([0, 1] as const).map((axis) => {
    const reach = (Math.ceil(size[axis] / stride[axis]) - 1) * stride[axis] + 1;
    return Math.max(reach + dilation[axis] * (kernel[axis] - 1) - size[axis], 0);
  });
  const [vertical, horizontal] = totals as [number, number];
  return [
    Math.floor(vertical / 2),
    Math.floor(horizontal / 2),
    Math.ceil(vertical / 2),
    Math.ceil(horizontal / 2),
  ];
}

function windowAttributes({ kernel, stride, dilation }: Window, pads: Pads): OnnxAttribute[] {
  return [
    { name: 'kernel_shape', integers: kernel },
    { name: 'strides', integers: stride },
    { name: 'dilations', integers: dilation },
    { name: 'pads', integers: pads },
  ];
}

function sizeOf(value: number, conversion: Conversion): Pair {
  const [, height, width] = conversion.shapeOf(value);
  return [height!, width!];
}

/** Adds an operator that convolves, with the bias that follows it, and names what comes out. */
function addConvolution(
  type: 'Conv' | 'ConvTranspose',
  [x, filter]: readonly [x: number, filter: string],
  attributes: readonly OnnxAttribute[],
  output: number,
  conversion: Conversion,
): void {
  const user = conversion.onlyUserOf(output);
  const bias = user?.type === 'BiasAdd' ? user.inputs[1]! : undefined;
  const inputs = [conversion.first(x), filter, ...(bias === undefined ? [] : [conversion.last(bias)])];
  const target = bias === undefined ? output : user!.outputs[0]!;
  conversion.setFirst(target, conversion.onnx.add(type, inputs, attributes));
}

const conv: Convert = (op, conversion) => {
  requireChannelsLast(op);
  const [x, filter] = op.inputs as [number, number];
  const [kernelHeight, kernelWidth, channelsPerGroup] = conversion.shapeOf(filter);
  const window: Window = {
    kernel: [kernelHeight!, kernelWidth!],
    stride: spatial(op, 'strides'),
    dilation: spatial(op, 'dilations'),
  };
  const attributes = [
    ...windowAttributes(window, padsOf(op, sizeOf(x, conversion), window)),
    { name: 'group', integer: conversion.shapeOf(x)[3]! / channelsPerGroup! },
  ];
  addConvolution(
    'Conv',
    [x, conversion.permuted(filter, [3, 2, 0, 1])],
    attributes,
    op.outputs[0]!,
    conversion,
  );
};

/** [kernelH, kernelW, C, multiplier] to [C multiplier, 1, kernelH, kernelW]. */
function depthwiseFilter(filter: number, conversion: Conversion): string {
  const [height, width, channels, multiplier] = conversion.shapeOf(filter) as [
    number,
    number,
    number,
    number,
  ];
  const shape = [channels * multiplier, 1, height, width];
  const values = conversion.constantOf(filter);
  if (values === undefined) {
    return conversion.reshape(conversion.transpose(conversion.last(filter), [2, 3, 0, 1]), shape);
  }
  return conversion.onnx.addTensor(
    'float32',
    shape,
    permute(values, conversion.shapeOf(filter), [2, 3, 0, 1]),
  );
}

function addDepthwise(
  op: GraphOp,
  x: number,
  window: Window,
  pads: Pads,
  output: number,
  conversion: Conversion,
): void {
  const attributes = [
    ...windowAttributes(window, pads),
    { name: 'group', integer: conversion.shapeOf(x)[3]! },
  ];
  addConvolution('Conv', [x, depthwiseFilter(op.inputs[1]!, conversion)], attributes, output, conversion);
}

function depthwiseWindow(op: GraphOp, dilation: Pair, conversion: Conversion): Window {
  const [kernelHeight, kernelWidth] = conversion.shapeOf(op.inputs[1]!);
  return { kernel: [kernelHeight!, kernelWidth!], stride: spatial(op, 'strides'), dilation };
}

const depthwiseConv: Convert = (op, conversion) => {
  requireChannelsLast(op);
  const x = op.inputs[0]!;
  // Part of a dilated one, which is written as a whole.
  if (conversion.producerOf(x)?.type === 'SpaceToBatchND') return;
  const window = depthwiseWindow(op, spatial(op, 'dilations'), conversion);
  const pads = padsOf(op, sizeOf(x, conversion), window);
  addDepthwise(op, x, window, pads, op.outputs[0]!, conversion);
};

/** The end of a dilated depthwise convolution, which TensorFlow computes on the subgrids of its input. */
const batchToSpace: Convert = (op, conversion) => {
  const convolution = conversion.producerOf(op.inputs[0]!);
  const grids = convolution === undefined ? undefined : conversion.producerOf(convolution.inputs[0]!);
  if (convolution?.type !== 'DepthwiseConv2dNative' || grids?.type !== 'SpaceToBatchND')
    return refuse(op.type);
  const [vertical, horizontal] = conversion.integersOf(grids, 1);
  const padding = conversion.integersOf(grids, 2);
  const crops = conversion.integersOf(op, 2);
  const [top, bottom, left, right] = padding.map((pixels, side) => pixels - crops[side]!);
  const window = depthwiseWindow(convolution, [vertical!, horizontal!], conversion);
  const isPlain =
    attributeOf(convolution, 'padding') === 'VALID' && window.stride.every((step) => step === 1);
  // What is padded to fill the grids is cropped again.
  if (!isPlain || crops[0] !== 0 || crops[2] !== 0 || bottom! < 0 || right! < 0) return refuse(op.type);
  const pads: Pads = [top!, left!, bottom!, right!];
  addDepthwise(convolution, grids.inputs[0]!, window, pads, op.outputs[0]!, conversion);
};

/** The gradient of a convolution by its input is a transposed convolution. */
const convTranspose: Convert = (op, conversion) => {
  requireChannelsLast(op);
  const [, filter, x] = op.inputs as [number, number, number];
  const [kernelHeight, kernelWidth] = conversion.shapeOf(filter);
  const window: Window = {
    kernel: [kernelHeight!, kernelWidth!],
    stride: spatial(op, 'strides'),
    dilation: spatial(op, 'dilations'),
  };
  const [output] = op.outputs as [number];
  const [from, to] = [sizeOf(x, conversion), sizeOf(output, conversion)];
  const pads = padsOf(op, to, window);
  const extra = ([0, 1] as const).map((axis) => {
    const whole =
      (from[axis] - 1) * window.stride[axis] + window.dilation[axis] * (window.kernel[axis] - 1) + 1;
    return to[axis] - (whole - pads[axis] - pads[axis + 2]!);
  });
  const attributes = [...windowAttributes(window, pads), { name: 'output_padding', integers: extra }];
  const weights = conversion.permuted(filter, [3, 2, 0, 1]);
  addConvolution('ConvTranspose', [x, weights], attributes, output, conversion);
};

/** Padding with what never wins is the pool's own. */
function maxPoolInput(op: GraphOp, conversion: Conversion): { readonly x: number; readonly margins?: Pads } {
  const [x] = op.inputs as [number];
  const producer = conversion.producerOf(x);
  if (producer?.type !== 'PadV2' || attributeOf(op, 'padding') !== 'VALID') return { x };
  const isLowest = conversion.constantOf(producer.inputs[2]!)?.[0] === -Infinity;
  const [n0, n1, top, bottom, left, right, c0, c1] = conversion.integersOf(producer, 1);
  if (!isLowest || [n0, n1, c0, c1].some((pixels) => pixels !== 0)) return { x };
  return { x: producer.inputs[0]!, margins: [top!, left!, bottom!, right!] };
}

const maxPool: Convert = (op, conversion) => {
  requireChannelsLast(op);
  const window: Window = {
    kernel: spatial(op, 'ksize'),
    stride: spatial(op, 'strides'),
    dilation: [1, 1],
  };
  const { x, margins } = maxPoolInput(op, conversion);
  const pads = margins ?? padsOf(op, sizeOf(x, conversion), window);
  const result = conversion.onnx.add('MaxPool', [conversion.first(x)], windowAttributes(window, pads));
  conversion.setFirst(op.outputs[0]!, result);
};

const averagePool: Convert = (op, conversion) => {
  requireChannelsLast(op);
  const [x] = op.inputs as [number];
  const window: Window = {
    kernel: spatial(op, 'ksize'),
    stride: spatial(op, 'strides'),
    dilation: [1, 1],
  };
  // Padding does not count, here and there.
  const pads = padsOf(op, sizeOf(x, conversion), window);
  const attributes = windowAttributes(window, pads).filter(({ name }) => name !== 'dilations');
  conversion.setFirst(op.outputs[0]!, conversion.onnx.add('AveragePool', [conversion.first(x)], attributes));
};

const batchNorm: Convert = (op, conversion) => {
  requireChannelsLast(op);
  if (attributeOf(op, 'is_training') !== false) refuse('FusedBatchNormV3 by the statistics of the batch');
  const [x, ...statistics] = op.inputs as [number, ...number[]];
  const inputs = [conversion.first(x), ...statistics.map((value) => conversion.last(value))];
  const attributes = [{ name: 'epsilon', float: attributeOf(op, 'epsilon') as number }];
  conversion.setFirst(op.outputs[0]!, conversion.onnx.add('BatchNormalization', inputs, attributes));
};

function resize(mode: 'nearest' | 'linear'): Convert {
  return (op, conversion) => {
    const aligned = attributeOf(op, 'align_corners') === true;
    const centred = attributeOf(op, 'half_pixel_centers') === true;
    if (mode === 'nearest' && (aligned || centred)) refuse('ResizeNearestNeighbor by centres');
    const coordinates = aligned ? 'align_corners' : centred ? 'half_pixel' : 'asymmetric';
    const attributes: OnnxAttribute[] = [
      { name: 'mode', text: mode },
      { name: 'coordinate_transformation_mode', text: coordinates },
      { name: 'axes', integers: [2, 3] },
      ...(mode === 'nearest' ? [{ name: 'nearest_mode', text: 'floor' }] : []),
    ];
    const sizes = conversion.onnx.addIntegers(conversion.integersOf(op, 1));
    // The inputs left out are a region and scales.
    const inputs = [conversion.first(op.inputs[0]!), '', '', sizes];
    conversion.setFirst(op.outputs[0]!, conversion.onnx.add('Resize', inputs, attributes));
  };
}

export const imageOps: Readonly<Record<string, Convert>> = {
  AvgPool: averagePool,
  BatchToSpaceND: batchToSpace,
  Conv2D: conv,
  Conv2DBackpropInput: convTranspose,
  DepthwiseConv2dNative: depthwiseConv,
  FusedBatchNormV3: batchNorm,
  MaxPool: maxPool,
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
  // Converted where it ends.
  SpaceToBatchND: () => undefined,
};
