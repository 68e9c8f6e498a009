import type * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp } from '../op.ts';

const types = [attribute.type('T')];

const siluOp = defineOp<'x', object>({
  name: 'Silu',
  forward: ({ x }) => {
    const gate = runOp('Sigmoid', types, [x]);
    const y = runOp('Mul', types, [x, gate]);
    gate.dispose();
    return [y];
  },
  saveInputs: ['x'],
  gradient: ([dy], [x]) => ({
    x: () => {
      const gate = runOp('Sigmoid', types, [x!]);
      const throughGate = runOp('SigmoidGrad', types, [gate, runOp('Mul', types, [dy!, x!])]);
      return runOp('AddV2', types, [runOp('Mul', types, [dy!, gate]), throughGate]);
    },
  }),
});

/** `x` σ(`x`), elementwise; also called swish. Elfwing et al. 2018, https://arxiv.org/abs/1702.03118. */
export function silu<T extends tf.Tensor>(x: T): T {
  return siluOp({ x }, {})[0] as T;
}
