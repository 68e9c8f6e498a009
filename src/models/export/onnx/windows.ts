import type { GraphOp } from '../../../engine/graph/record.ts';
import { attributeOf, refuse } from './conversion.ts';
import type { Conversion } from './conversion.ts';
import type { OnnxAttribute } from './file.ts';

/** [vertical, horizontal] */
export type Pair = readonly [number, number];
/** Pixels of padding: [top, left, bottom, right]. */
export type Pads = readonly [number, number, number, number];

export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

export function spatial(op: GraphOp, name: string): Pair {
  const [, vertical = 1, horizontal = 1] = (attributeOf(op, name) ?? []) as number[];
  return [vertical, horizontal];
}

export function requireChannelsLast(op: GraphOp): void {
  if ((attributeOf(op, 'data_format') ?? 'NHWC') !== 'NHWC') refuse(`${op.type} of images channels first`);
}

/** What the op pads its input of `size` [H, W] by. */
export function padsOf(op: GraphOp, size: Pair, { kernel, stride, dilation }: Window): Pads {
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

export function windowAttributes({ kernel, stride, dilation }: Window, pads: Pads): OnnxAttribute[] {
  return [
    { name: 'kernel_shape', integers: kernel },
    { name: 'strides', integers: stride },
    { name: 'dilations', integers: dilation },
    { name: 'pads', integers: pads },
  ];
}

export function sizeOf(value: number, conversion: Conversion): Pair {
  const [, height, width] = conversion.shapeOf(value);
  return [height!, width!];
}
