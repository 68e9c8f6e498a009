import * as tf from '@tensorflow/tfjs-core';
import type { OpAttribute } from '../native.ts';
import { attribute, defineOp, runOp } from '../op.ts';
import { pair } from './pair.ts';
import type { Pair } from './pair.ts';

interface Geometry {
  readonly kernel: Pair;
  readonly stride: Pair;
}

function attributes({ kernel, stride }: Geometry): OpAttribute[] {
  return [
    attribute.type('T'),
    attribute.ints('ksize', [1, ...kernel, 1]),
    attribute.ints('strides', [1, ...stride, 1]),
    attribute.string('data_format', 'NHWC'),
    attribute.string('padding', 'VALID'),
  ];
}

const unpaddedPool = defineOp<'x', Geometry>({
  name: 'MaxPool2d',
  forward: ({ x }, geometry) => [runOp('MaxPool', attributes(geometry), [x])],
  saveInputs: ['x'],
  saveOutputs: [true],
  gradient: ([dy], [x, y], geometry) => ({
    x: () => runOp('MaxPoolGrad', attributes(geometry), [x!, y!, dy!]),
  }),
});

/**
 * The largest value of each window of `x` [N, H, W, C]. Padding, on each side, never wins (it is -infinity), as in
 * PyTorch's `max_pool2d`; at most half the kernel.
 *
 * @returns [N, floor((H + 2 padding - kernel) / stride) + 1, ..., C]
 */
export function maxPool2d(
  x: tf.Tensor4D,
  {
    kernel,
    stride = kernel,
    padding = 0,
  }: { kernel: number | Pair; stride?: number | Pair; padding?: number | Pair },
): tf.Tensor4D {
  const [vertical, horizontal] = pair(padding);
  const margins: [number, number][] = [
    [0, 0],
    [vertical, vertical],
    [horizontal, horizontal],
    [0, 0],
  ];
  // With explicit padding, TensorFlow's gradient misses oneDNN's kernel and is six times slower.
  const padded = vertical === 0 && horizontal === 0 ? x : tf.pad(x, margins, -Infinity);
  return unpaddedPool({ x: padded }, { kernel: pair(kernel), stride: pair(stride) })[0] as tf.Tensor4D;
}
