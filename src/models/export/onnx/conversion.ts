import { PhalanxError } from '../../../core/errors.ts';
import type { Graph, GraphOp } from '../../../engine/graph/record.ts';
import { nativeType } from '../../../engine/native.ts';
import type { TensorValues } from '../../../engine/native.ts';
import type { OnnxBuilder } from './builder.ts';
import type { OnnxType } from './file.ts';
import { permute } from './permute.ts';

/** Where the axes of `[N, H, W, C]` are found in `[N, C, H, W]`. */
export const firstAxis = [0, 2, 3, 1] as const;
/** Where the axes of `[N, C, H, W]` are found in `[N, H, W, C]`. */
export const lastAxis = [0, 3, 1, 2] as const;

/** Names of a value in both orders of axes, as far as somebody asked for them. */
interface Forms {
  /** As recorded: channels last. */
  last?: string;
  /** Of four axes, channels first, which is what ONNX convolves. */
  first?: string;
  /** Which of the two was computed; the other is a transposition of it. */
  readonly computed: 'last' | 'first';
}

/**
 * The ONNX names of a graph's values while it is converted. Convolutions and their like are channels last there and
 * channels first here: a value is transposed when an operator wants the order that it does not have, so that between
 * convolutions nothing is.
 */
export class Conversion {
  readonly onnx: OnnxBuilder;
  readonly graph: Graph;
  readonly #forms = new Map<number, Forms>();
  readonly #producers: ReadonlyMap<number, GraphOp>;
  readonly #users = new Map<number, GraphOp[]>();

  constructor(graph: Graph, onnx: OnnxBuilder) {
    this.graph = graph;
    this.onnx = onnx;
    this.#producers = new Map(graph.ops.flatMap((op) => op.outputs.map((output) => [output, op] as const)));
    for (const op of graph.ops) {
      for (const input of op.inputs) this.#users.set(input, [...(this.#users.get(input) ?? []), op]);
    }
  }

  shapeOf(value: number): readonly number[] {
    return this.graph.values.get(value)!.shape;
  }

  rankOf(value: number): number {
    return this.shapeOf(value).length;
  }

  producerOf(value: number): GraphOp | undefined {
    return this.#producers.get(value);
  }

  /** The op that takes a value, where nothing else does. */
  onlyUserOf(value: number): GraphOp | undefined {
    const users = this.#users.get(value) ?? [];
    return users.length === 1 && !this.graph.outputs.includes(value) ? users[0] : undefined;
  }

  /** Numbers that an op takes as an input, such as axes. */
  integersOf({ type, inputs }: GraphOp, position: number): number[] {
    const values = this.graph.constants.get(inputs[position]!);
    if (values !== undefined) return Array.from(values, Number);
    return refuse(`${type} of computed sizes`);
  }

  constantOf(value: number): TensorValues | undefined {
    return this.graph.constants.get(value);
  }

  has(value: number): boolean {
    return this.#forms.has(value);
  }

  isFirst(value: number): boolean {
    return this.#forms.get(value)?.computed === 'first';
  }

  setLast(value: number, name: string): void {
    this.#forms.set(value, { last: name, computed: 'last' });
  }

  setFirst(value: number, name: string): void {
    this.#forms.set(value, { first: name, computed: 'first' });
  }

  /** The value with its axes as recorded. */
  last(value: number): string {
    const forms = this.#formsOf(value);
    forms.last ??= this.transpose(forms.first!, firstAxis);
    return forms.last;
  }

  /** The value channels first; one of fewer than four axes with axes of size 1 in front, as it would be broadcast. */
  first(value: number): string {
    const known = this.#forms.get(value)?.first;
    if (known !== undefined) return known;
    const shape = this.shapeOf(value);
    const padded = [...Array.from({ length: 4 - shape.length }, () => 1), ...shape];
    const constant = this.constantOf(value);
    if (constant !== undefined) {
      const name = this.#addConstant(
        value,
        lastAxis.map((axis) => padded[axis]!),
        permute(constant, padded, lastAxis),
      );
      this.#formsOf(value).first = name;
      return name;
    }
    const last = this.last(value);
    const four = shape.length === 4 ? last : this.reshape(last, padded);
    const name = this.transpose(four, lastAxis);
    this.#formsOf(value).first = name;
    return name;
  }

  transpose(name: string, permutation: readonly number[]): string {
    return this.onnx.add('Transpose', [name], [{ name: 'perm', integers: permutation }]);
  }

  reshape(name: string, shape: readonly number[]): string {
    return this.onnx.add('Reshape', [name, this.onnx.addIntegers(shape)]);
  }

  /** A value with its axes in another order, at once where it is a constant. */
  permuted(value: number, permutation: readonly number[]): string {
    const constant = this.constantOf(value);
    if (constant === undefined) return this.transpose(this.last(value), permutation);
    const shape = this.shapeOf(value);
    return this.#addConstant(
      value,
      permutation.map((axis) => shape[axis]!),
      permute(constant, shape, permutation),
    );
  }

  #formsOf(value: number): Forms {
    const known = this.#forms.get(value);
    if (known !== undefined) return known;
    const constant = this.constantOf(value);
    if (constant === undefined) {
      return refuse(`a use of ${this.producerOf(value)?.type ?? 'an argument'} that is not foreseen`);
    }
    const forms: Forms = { last: this.#addConstant(value, this.shapeOf(value), constant), computed: 'last' };
    this.#forms.set(value, forms);
    return forms;
  }

  #addConstant(value: number, shape: readonly number[], values: TensorValues): string {
    return this.onnx.addTensor(onnxTypeOf(this.graph.values.get(value)!.type), shape, values);
  }
}

export function onnxTypeOf(type: number): OnnxType {
  switch (type) {
    case nativeType.float32:
      return 'float32';
    case nativeType.int32:
      return 'int32';
    case nativeType.int64:
      return 'int64';
    case nativeType.uint8:
      return 'uint8';
    case nativeType.bool:
      return 'bool';
    default:
      return refuse(`a tensor of TensorFlow's type ${type}`);
  }
}

export function attributeOf({ attributes }: GraphOp, name: string): unknown {
  return attributes.find((attribute) => attribute.name === name)?.value;
}

/** @throws PhalanxError `export/op` */
export function refuse(what: string): never {
  throw new PhalanxError('export/op', {
    what: 'The model has an op that cannot be written as ONNX',
    received: what,
    fix: 'Export it as a SavedModel, which takes every op',
  });
}
