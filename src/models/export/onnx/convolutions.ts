import type { GraphOp } from '../../../engine/graph/record.ts';
import { attributeOf, refuse } from './conversion.ts';
import type { Conversion } from './conversion.ts';
import type { Convert } from './elementwise.ts';
import type { OnnxAttribute } from './file.ts';
import { permute } from './permute.ts';
import { padsOf, requireChannelsLast, sizeOf, spatial, windowAttributes } from './windows.ts';
import type { Pads, Pair, Window } from './windows.ts';

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

export const convolutionOps: Readonly<Record<string, Convert>> = {
  BatchToSpaceND: batchToSpace,
  Conv2D: conv,
  Conv2DBackpropInput: convTranspose,
  DepthwiseConv2dNative: depthwiseConv,
  // Converted where it ends.
  SpaceToBatchND: () => undefined,
};
