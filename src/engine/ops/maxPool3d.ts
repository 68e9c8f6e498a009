import type * as tf from '@tensorflow/tfjs-core';
import type { OpAttribute } from '../native.ts';
import { attribute, defineOp, runOp } from '../op.ts';

interface Window {
  readonly kernel: number;
  readonly stride: number;
}

function attributes({ kernel, stride }: Window): OpAttribute[] {
  return [
    attribute.type('T'),
    attribute.ints('ksize', [1, kernel, kernel, kernel, 1]),
    attribute.ints('strides', [1, stride, stride, stride, 1]),
    attribute.string('data_format', 'NDHWC'),
    attribute.string('padding', 'VALID'),
  ];
}

const pool = defineOp<'x', Window>({
  name: 'MaxPool3d',
  forward: ({ x }, window) => [runOp('MaxPool3D', attributes(window), [x])],
  saveInputs: ['x'],
  saveOutputs: [true],
  gradient: ([dy], [x, y], window) => ({
    x: () => runOp('MaxPool3DGrad', [...attributes(window), attribute.type('TInput')], [x!, y!, dy!]),
  }),
});

/**
 * The largest value of each window of `x` [N, D, H, W, C], as PyTorch's `max_pool3d` without padding.
 *
 * @returns [N, floor((D - kernel) / stride) + 1, ..., C]
 */
export function maxPool3d(
  x: tf.Tensor5D,
  { kernel, stride = kernel }: { readonly kernel: number; readonly stride?: number },
): tf.Tensor5D {
  return pool({ x }, { kernel, stride })[0] as tf.Tensor5D;
}
