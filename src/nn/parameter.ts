import * as tf from '@tensorflow/tfjs-core';
import type { Initializer } from './initializers.ts';

export interface ParameterOptions {
  /** TensorFlow layout: kernels `[H, W, in, out]` (transposed convolution `[H, W, out, in]`), matrices `[in, out]`. */
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** Buffers, such as running statistics, are no parameters: nothing trains them, and no count includes them. */
  readonly kind?: 'parameter' | 'buffer';
  readonly dtype?: 'float32' | 'int32';
}

/** A named value of a module: a shape and an initializer until it is given a variable. */
export class Parameter {
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  readonly kind: 'parameter' | 'buffer';
  readonly dtype: 'float32' | 'int32';
  #frozen = false;
  #variable: tf.Variable | undefined;

  constructor({ shape, initializer, kind = 'parameter', dtype = 'float32' }: ParameterOptions) {
    this.shape = Object.freeze([...shape]);
    this.initializer = initializer;
    this.kind = kind;
    this.dtype = dtype;
  }

  /** Whether an optimizer changes it: no buffer, and not frozen. */
  get trainable(): boolean {
    return this.kind === 'parameter' && !this.#frozen;
  }

  /** Keeps the value as it is from now on. */
  freeze(): void {
    this.#frozen = true;
    if (this.#variable !== undefined) this.#variable.trainable = false;
  }

  get size(): number {
    return this.shape.reduce((product, dimension) => product * dimension, 1);
  }

  /** PyTorch's shape of the same values: `[out, in, H, W]`, `[out, in]`, or as it is. */
  get torchShape(): readonly number[] {
    const { shape } = this;
    if (shape.length < 2) return shape;
    return [...shape.slice(-2).reverse(), ...shape.slice(0, -2)];
  }

  /** The value inside the engine; what `forward` reads and an optimizer assigns. */
  get variable(): tf.Variable {
    if (this.#variable === undefined) {
      throw new Error('A parameter has no value yet: initialize the model or load a state dict first');
    }
    return this.#variable;
  }

  get hasValue(): boolean {
    return this.#variable !== undefined;
  }

  /** Takes over `value` (which must not be used afterwards) as the new value. */
  assign(value: tf.Tensor): void {
    if (this.#variable === undefined) {
      // Named by tfjs: its registry of variables is global, and two models may be alive at once.
      this.#variable = tf.variable(value, this.trainable);
    } else {
      this.#variable.assign(value);
    }
    value.dispose();
  }

  dispose(): void {
    this.#variable?.dispose();
    this.#variable = undefined;
  }
}
