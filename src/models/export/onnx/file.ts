import { integer, integers, message, single, text } from '../../../core/protobuf.ts';
import type { Fields } from '../../../core/protobuf.ts';
import { bytesOf } from '../../../core/bytes.ts';
import type { TensorValues } from '../../../engine/native.ts';

/** Numbers of `TensorProto.DataType`. */
export const onnxType = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;

export type OnnxType = keyof typeof onnxType;

/** A value of an op's attribute: integers, a float or a word. */
export type OnnxAttribute = { readonly name: string } & (
  | { readonly integer: number }
  | { readonly integers: readonly number[] }
  | { readonly float: number }
  | { readonly text: string }
);

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly values: TensorValues;
}

/** An input or output, float32; a size that is a word may be any. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Version of the operators, and of the format that came with it. */
export const [operatorSet, formatVersion] = [18, 8];

/** An `onnx.ModelProto`. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export function onnxModel(model: OnnxModel): Fields {
  const metadata = Object.entries(model.metadata).map(([key, value]) => [
    ...text(1 /* key */, key),
    ...text(2 /* value */, value),
  ]);
  return [
    ...integer(1 /* ir_version */, formatVersion),
    ...text(2 /* producer_name */, 'phalanx'),
    ...message(7 /* graph */, graph(model)),
    ...message(8 /* opset_import */, integer(2 /* version */, operatorSet)),
    ...metadata.flatMap((entry) => message(14 /* metadata_props */, entry)),
  ];
}

function graph({ name, nodes, initializers, inputs, outputs }: OnnxModel): Fields {
  return [
    ...nodes.flatMap((each, index) => message(1 /* node */, node(each, `${each.type}_${index}`))),
    ...text(2 /* name */, name),
    ...initializers.flatMap((each) => message(5 /* initializer */, tensor(each))),
    ...inputs.flatMap((each) => message(11 /* input */, value(each))),
    ...outputs.flatMap((each) => message(12 /* output */, value(each))),
  ];
}

function node({ type, inputs, outputs, attributes }: OnnxNode, name: string): Fields {
  return [
    ...inputs.flatMap((input) => text(1 /* input */, input)),
    ...outputs.flatMap((output) => text(2 /* output */, output)),
    ...text(3 /* name */, name),
    ...text(4 /* op_type */, type),
    ...attributes.flatMap((each) => message(5 /* attribute */, attribute(each))),
  ];
}

function attribute(each: OnnxAttribute): Fields {
  const named = text(1 /* name */, each.name);
  if ('float' in each) return [...named, ...single(2 /* f */, each.float), ...integer(20 /* type */, 1)];
  if ('integer' in each) return [...named, ...integer(3 /* i */, each.integer), ...integer(20 /* type */, 2)];
  if ('text' in each) return [...named, ...text(4 /* s */, each.text), ...integer(20 /* type */, 3)];
  return [...named, ...integers(8 /* ints */, each.integers), ...integer(20 /* type */, 7)];
}

function tensor({ name, type, shape, values }: OnnxTensor): Fields {
  return [
    ...integers(1 /* dims */, shape),
    ...integer(2 /* data_type */, onnxType[type]),
    ...text(8 /* name */, name),
    ...message(9 /* raw_data */, [bytesOf(values)]),
  ];
}

function value({ name, shape }: OnnxValue): Fields {
  const dimensions = shape.flatMap((size) =>
    message(
      1 /* dim */,
      typeof size === 'number' ? integer(1 /* dim_value */, size) : text(2 /* dim_param */, size),
    ),
  );
  const type = [...integer(1 /* elem_type */, onnxType.float32), ...message(2 /* shape */, dimensions)];
  return [...text(1 /* name */, name), ...message(2 /* type */, message(1 /* tensor_type */, type))];
}
