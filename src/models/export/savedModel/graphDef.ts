import { bytesOf } from '../../../core/bytes.ts';
import { integer, message, single, text } from '../../../core/protobuf.ts';
import type { Fields } from '../../../core/protobuf.ts';
import type { Graph } from '../../../engine/graph/record.ts';
import { attributeKind } from '../../../engine/native.ts';
import type { OpAttribute, TensorValues } from '../../../engine/native.ts';
import type { TensorSpec } from '../../../engine/signature.ts';

/** The version of TensorFlow's graphs that the ops are of; that of TensorFlow 2.13, so that later ones read it. */
const producerVersion = 1482;

/** A graph's message and how its values are called in it. */
export interface GraphDef {
  readonly fields: Fields;
  /** For example `Conv2D_12:0`. */
  readonly nameOf: (value: number) => string;
}

/** A `tensorflow.GraphDef`. Field numbers: tensorflow/core/framework/{graph,node_def,attr_value,tensor}.proto */
export function graphDef(graph: Graph): GraphDef {
  const names = new Map<number, string>();
  const nodes: Fields[] = [];
  const spec = (value: number): TensorSpec => graph.values.get(value)!;
  const addLeaf = (value: number, op: 'Placeholder' | 'Const', [key, attribute]: [string, Fields]): void => {
    const name = `${op}_${value}`;
    names.set(value, name);
    const type = entry('dtype', integer(6 /* type */, spec(value).type));
    nodes.push([...node(name, op, []), ...type, ...entry(key, attribute)]);
  };
  for (const value of graph.inputs) {
    addLeaf(value, 'Placeholder', ['shape', message(7 /* shape */, shapeProto(spec(value).shape))]);
  }
  for (const [value, data] of graph.constants) {
    addLeaf(value, 'Const', ['value', message(8 /* tensor */, tensorProto(spec(value), data))]);
  }
  graph.ops.forEach((op, index) => {
    const name = `${op.type}_op_${index}`;
    op.outputs.forEach((output, position) => names.set(output, `${name}:${position}`));
    const inputs = op.inputs.map((input) => names.get(input)!);
    const attributes = op.attributes.flatMap((attribute) => entry(attribute.name, attributeValue(attribute)));
    nodes.push([...node(name, op.type, inputs), ...attributes]);
  });
  const versions = integer(1 /* producer */, producerVersion);
  return {
    fields: [...nodes.flatMap((each) => message(1 /* node */, each)), ...message(4 /* versions */, versions)],
    nameOf: (value) => {
      const name = names.get(value)!;
      return name.includes(':') ? name : `${name}:0`;
    },
  };
}

function node(name: string, op: string, inputs: readonly string[]): Fields {
  return [
    ...text(1 /* name */, name),
    ...text(2 /* op */, op),
    ...inputs.flatMap((input) => text(3 /* input */, input)),
  ];
}

/** A member of the map of a node's attributes. */
function entry(name: string, value: Fields): Fields {
  return message(5 /* attr */, [...text(1 /* key */, name), ...message(2 /* value */, value)]);
}

function attributeValue({ type, value }: OpAttribute): Fields {
  if (!Array.isArray(value)) return type === attributeKind.shape ? shapeValue(value) : scalar(type, value);
  if (type === attributeKind.shape) return shapeValue(value as number[]);
  return message(
    1 /* list */,
    value.flatMap((each) => scalar(type, each)),
  );
}

function shapeValue(value: unknown): Fields {
  return message(7 /* shape */, shapeProto(value as readonly number[]));
}

/** Fields of `AttrValue` and of its `ListValue` have the same numbers. */
function scalar(type: number, value: unknown): Fields {
  switch (type) {
    case attributeKind.string:
      return text(2 /* s */, value as string);
    case attributeKind.int:
      return integer(3 /* i */, value as number);
    case attributeKind.float:
      return single(4 /* f */, value as number);
    case attributeKind.bool:
      return integer(5 /* b */, value === true ? 1 : 0);
    default:
      return integer(6 /* type */, value as number);
  }
}

export function shapeProto(shape: readonly number[]): Fields {
  return shape.flatMap((size) => message(2 /* dim */, integer(1 /* size */, size)));
}

function tensorProto({ type, shape }: TensorSpec, values: TensorValues): Fields {
  return [
    ...integer(1 /* dtype */, type),
    ...message(2 /* tensor_shape */, shapeProto(shape)),
    ...message(4 /* tensor_content */, [bytesOf(values)]),
  ];
}
