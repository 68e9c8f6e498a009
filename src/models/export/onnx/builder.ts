import type { TensorValues } from '../../../engine/native.ts';
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxType } from './file.ts';

/** Nodes and initializers by name, in the order in which they come into being. */
export class OnnxBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #tensors: OnnxTensor[] = [];
  #names = 0;

  /** Adds an operator and returns the names of its outputs. */
  addAll(
    type: string,
    inputs: readonly string[],
    attributes: readonly OnnxAttribute[],
    outputs: number,
  ): string[] {
    const names = Array.from({ length: outputs }, () => this.#newName());
    this.#nodes.push({ type, inputs, outputs: names, attributes });
    return names;
  }

  /** Adds an operator with one output. */
  add(type: string, inputs: readonly string[], attributes: readonly OnnxAttribute[] = []): string {
    return this.addAll(type, inputs, attributes, 1)[0]!;
  }

  /** Gives a value the name of an output of the model. */
  addOutput(name: string, value: string): void {
    this.#nodes.push({ type: 'Identity', inputs: [value], outputs: [name], attributes: [] });
  }

  addTensor(type: OnnxType, shape: readonly number[], values: TensorValues): string {
    const name = this.#newName();
    this.#tensors.push({ name, type, shape, values });
    return name;
  }

  /** A list of sizes or axes for operators that take one as an input. */
  addIntegers(values: readonly number[]): string {
    return this.addTensor('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** What `outputs` depend on. */
  needed(outputs: readonly string[]): {
    readonly nodes: readonly OnnxNode[];
    readonly initializers: readonly OnnxTensor[];
  } {
    const wanted = new Set(outputs);
    const nodes = [...this.#nodes].reverse().filter((node) => {
      if (!node.outputs.some((output) => wanted.has(output))) return false;
      for (const input of node.inputs) wanted.add(input);
      return true;
    });
    return { nodes: nodes.reverse(), initializers: this.#tensors.filter(({ name }) => wanted.has(name)) };
  }

  #newName(): string {
    return `value_${this.#names++}`;
  }
}
