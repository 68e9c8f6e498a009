import type { GraphOp } from '../../../engine/graph/record.ts';
import { attributeOf, firstAxis, lastAxis, refuse } from './conversion.ts';
import type { Conversion } from './conversion.ts';
import { prefersFirst } from './elementwise.ts';
import type { Convert } from './elementwise.ts';

/** Names of an op's outputs, in the order of axes in which they were computed. */
function setAll(
  { outputs }: GraphOp,
  names: readonly string[],
  first: boolean,
  conversion: Conversion,
): void {
  outputs.forEach((output, position) => {
    if (first) conversion.setFirst(output, names[position]!);
    else conversion.setLast(output, names[position]!);
  });
}

/** A list with a member for each axis, in the order in which an operator has them. */
function arrange<T>(perAxis: readonly T[], first: boolean): readonly T[] {
  return first ? lastAxis.map((axis) => perAxis[axis]!) : perAxis;
}

const concat: Convert = (op, conversion) => {
  const parts = op.inputs.slice(0, -1);
  const rank = conversion.rankOf(op.outputs[0]!);
  const axis = (conversion.integersOf(op, parts.length)[0]! + rank) % rank;
  const first = prefersFirst(op, conversion);
  const result = conversion.onnx.add(
    'Concat',
    parts.map((part) => (first ? conversion.first(part) : conversion.last(part))),
    [{ name: 'axis', integer: first ? firstAxis[axis]! : axis }],
  );
  setAll(op, [result], first, conversion);
};

function split(
  input: number,
  axisInput: number,
  sizesOf: (op: GraphOp, conversion: Conversion) => number[],
): Convert {
  return (op, conversion) => {
    const value = op.inputs[input]!;
    const rank = conversion.rankOf(value);
    const axis = (conversion.integersOf(op, axisInput)[0]! + rank) % rank;
    const first = conversion.isFirst(value);
    const inputs = [
      first ? conversion.first(value) : conversion.last(value),
      conversion.onnx.addIntegers(sizesOf(op, conversion)),
    ];
    const attributes = [{ name: 'axis', integer: first ? firstAxis[axis]! : axis }];
    setAll(op, conversion.onnx.addAll('Split', inputs, attributes, op.outputs.length), first, conversion);
  };
}

/** Sizes of the parts, of which one may be told as the rest. */
function partSizes(op: GraphOp, conversion: Conversion): number[] {
  const sizes = conversion.integersOf(op, 1);
  const rank = conversion.rankOf(op.inputs[0]!);
  const axis = (conversion.integersOf(op, 2)[0]! + rank) % rank;
  const rest = conversion.shapeOf(op.inputs[0]!)[axis]! - sizes.reduce((a, b) => a + Math.max(b, 0), 0);
  return sizes.map((size) => (size < 0 ? rest : size));
}

function equalSizes({ outputs }: GraphOp, axisSize: number): number[] {
  return outputs.map(() => axisSize / outputs.length);
}

const slice: Convert = (op, conversion) => {
  const input = op.inputs[0]!;
  const starts = conversion.integersOf(op, 1);
  const largest = 2 ** 31 - 1;
  const ends = conversion.integersOf(op, 2).map((size, axis) => (size < 0 ? largest : starts[axis]! + size));
  const first = conversion.isFirst(input);
  const result = conversion.onnx.add('Slice', [
    first ? conversion.first(input) : conversion.last(input),
    conversion.onnx.addIntegers(arrange(starts, first)),
    conversion.onnx.addIntegers(arrange(ends, first)),
  ]);
  setAll(op, [result], first, conversion);
};

const pad: Convert = (op, conversion) => {
  const input = op.inputs[0]!;
  const first = conversion.isFirst(input);
  const both = conversion.integersOf(op, 1);
  const sides = [0, 1].flatMap((side) =>
    arrange(
      conversion.shapeOf(input).map((_, axis) => both[2 * axis + side]!),
      first,
    ),
  );
  const result = conversion.onnx.add('Pad', [
    first ? conversion.first(input) : conversion.last(input),
    conversion.onnx.addIntegers(sides),
    ...(op.inputs.length > 2 ? [conversion.last(op.inputs[2]!)] : []),
  ]);
  setAll(op, [result], first, conversion);
};

const tile: Convert = (op, conversion) => {
  const input = op.inputs[0]!;
  const first = conversion.isFirst(input);
  const result = conversion.onnx.add('Tile', [
    first ? conversion.first(input) : conversion.last(input),
    conversion.onnx.addIntegers(arrange(conversion.integersOf(op, 1), first)),
  ]);
  setAll(op, [result], first, conversion);
};

const transpose: Convert = (op, conversion) => {
  const [input, output] = [op.inputs[0]!, op.outputs[0]!];
  const permutation = conversion.integersOf(op, 1);
  const isIdentity = (axes: readonly number[]): boolean => axes.every((axis, index) => axis === index);
  const first = conversion.isFirst(input);
  // In terms of the axes that the input has in ONNX.
  const applied = first ? permutation.map((axis) => firstAxis[axis]!) : permutation;
  const name = first ? conversion.first(input) : conversion.last(input);
  if (isIdentity(applied)) conversion.setLast(output, name);
  else if (applied.length === 4 && isIdentity(lastAxis.map((axis) => applied[axis]!))) {
    conversion.setFirst(output, name);
  } else conversion.setLast(output, conversion.transpose(name, applied));
};

const reshape: Convert = (op, conversion) => {
  const shape = conversion.integersOf(op, 1);
  if (shape.includes(0)) refuse('Reshape to nothing');
  conversion.setLast(op.outputs[0]!, conversion.reshape(conversion.last(op.inputs[0]!), shape));
};

/** Axes of size 1 more or less. */
const reshapeToOutput: Convert = (op, conversion) => {
  const shape = conversion.shapeOf(op.outputs[0]!);
  if (shape.filter((size) => size < 0).length > 1) refuse(op.type);
  conversion.setLast(op.outputs[0]!, conversion.reshape(conversion.last(op.inputs[0]!), shape));
};

const pack: Convert = (op, conversion) => {
  const axis = attributeOf(op, 'axis') as number;
  const rank = conversion.rankOf(op.outputs[0]!);
  const axes = conversion.onnx.addIntegers([(axis + rank) % rank]);
  const parts = op.inputs.map((part) => conversion.onnx.add('Unsqueeze', [conversion.last(part), axes]));
  const joined = conversion.onnx.add('Concat', parts, [{ name: 'axis', integer: axis }]);
  conversion.setLast(op.outputs[0]!, joined);
};

const unpack: Convert = (op, conversion) => {
  const axis = attributeOf(op, 'axis') as number;
  const rank = conversion.rankOf(op.inputs[0]!);
  const axes = [(axis + rank) % rank];
  op.outputs.forEach((output, index) => {
    const position = conversion.onnx.addTensor('int64', [], BigInt64Array.of(BigInt(index)));
    const attributes = [{ name: 'axis', integer: axes[0]! }];
    conversion.setLast(
      output,
      conversion.onnx.add('Gather', [conversion.last(op.inputs[0]!), position], attributes),
    );
  });
};

export const axisOps: Readonly<Record<string, Convert>> = {
  ConcatV2: concat,
  ExpandDims: reshapeToOutput,
  GatherV2: (op, conversion) => {
    const [values, indices] = [conversion.last(op.inputs[0]!), conversion.last(op.inputs[1]!)];
    const attributes = [{ name: 'axis', integer: conversion.integersOf(op, 2)[0]! }];
    conversion.setLast(op.outputs[0]!, conversion.onnx.add('Gather', [values, indices], attributes));
  },
  Pack: pack,
  Pad: pad,
  PadV2: pad,
  Reshape: reshape,
  Slice: slice,
  Split: split(1, 0, (op, conversion) => {
    const shape = conversion.shapeOf(op.inputs[1]!);
    return equalSizes(op, shape.at(conversion.integersOf(op, 0)[0]!)!);
  }),
  SplitV: split(0, 2, partSizes),
  Squeeze: reshapeToOutput,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
};
