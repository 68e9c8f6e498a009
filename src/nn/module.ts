import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from './context.ts';
import { Parameter } from './parameter.ts';

/**
 * A node of a model's tree. Members are registered under PyTorch's names, so the dotted path to a parameter
 * (`encoder.layer1.0.conv1.weight`) is its key in a state dict.
 *
 * Building a tree allocates nothing: `initialize` (in `initialize.ts`) or `loadStateDict` gives parameters values.
 */
export abstract class Module {
  readonly #members = new Map<string, Module | Parameter>();

  /** Adds a child or parameter under its PyTorch name; order of registration is the order of the state dict. */
  protected register<Member extends Module | Parameter>(name: string, member: Member): Member {
    if (name === '' || name.includes('.'))
      throw new Error(`A member cannot be called ${JSON.stringify(name)}`);
    if (this.#members.has(name)) throw new Error(`${this.constructor.name} already has a member ${name}`);
    this.#members.set(name, member);
    return member;
  }

  /** This module and all below it, by dotted path, parents first; the root's path is empty. */
  *namedModules(path = ''): Generator<readonly [path: string, module: Module]> {
    yield [path, this];
    for (const [name, member] of this.#members) {
      if (member instanceof Module) yield* member.namedModules(join(path, name));
    }
  }

  /** Everything a state dict holds: trained parameters and buffers, by dotted name. */
  *namedState(path = ''): Generator<readonly [name: string, state: Parameter]> {
    for (const [name, member] of this.#members) {
      if (member instanceof Parameter) yield [join(path, name), member];
    }
    for (const [name, member] of this.#members) {
      if (member instanceof Module) yield* member.namedState(join(path, name));
    }
  }

  /** What an optimizer trains (neither buffers nor frozen parameters), by dotted name, in PyTorch's order. */
  *namedParameters(): Generator<readonly [name: string, parameter: Parameter]> {
    for (const entry of this.namedState()) if (entry[1].trainable) yield entry;
  }

  /** Number of values in parameters, frozen ones included. */
  get parameterCount(): number {
    let count = 0;
    for (const [, { kind, size }] of this.namedState()) if (kind === 'parameter') count += size;
    return count;
  }

  /** Keeps every parameter below from being trained. Batch normalization still follows the context. */
  freeze(): this {
    for (const [, state] of this.namedState()) state.freeze();
    return this;
  }

  /** Frees every variable; the model cannot be used afterwards, but may be initialized or loaded again. */
  dispose(): void {
    for (const [, state] of this.namedState()) state.dispose();
  }
}

/** A module that maps one `[N, H, W, C]` tensor to one other. */
export abstract class Layer extends Module {
  abstract forward(x: tf.Tensor4D, context: Context): tf.Tensor4D;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
