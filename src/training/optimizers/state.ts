import * as tf from '@tensorflow/tfjs-core';
import type { TrainedParameter } from './optimizer.ts';

/** One variable per parameter, of its shape, zero at first. */
export interface State {
  readonly variables: readonly tf.Variable[];
  readonly named: ReadonlyMap<string, tf.Variable>;
}

/** Zeros named `parameter.suffix`, as PyTorch names an optimizer's state. */
export function createState(parameters: readonly TrainedParameter[], suffix: string): State {
  const variables = parameters.map(({ variable }) => {
    const zeros = tf.zeros(variable.shape);
    const state = tf.variable(zeros, false);
    zeros.dispose();
    return state;
  });
  return {
    variables,
    named: new Map(parameters.map(({ name }, index) => [`${name}.${suffix}`, variables[index]!])),
  };
}

/** Frees the variables. */
export function disposeState(...states: readonly State[]): void {
  for (const { variables } of states) for (const variable of variables) variable.dispose();
}
