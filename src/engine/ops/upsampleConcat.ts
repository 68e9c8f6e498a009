import * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp, runOps } from '../op.ts';
import { hasOwnKernels } from '../ownKernels.ts';
import type { Pair } from './pair.ts';
import { resizeNearest } from './resize.ts';

interface UpsampleConcat {
  /** [height, width] of `x`. */
  readonly from: Pair;
  /** [height, width] of the result. */
  readonly to: Pair;
  /** Of every input, in order. */
  readonly channels: readonly number[];
}

/** Inputs are named by their position. */
const fused = defineOp<string, UpsampleConcat>({
  name: 'UpsampleConcat',
  forward: (inputs, { to, channels }) => {
    const attributes = [
      attribute.type('T'),
      attribute.int('N', channels.length - 1),
      attribute.ints('size', to),
    ];
    return [
      runOp(
        'PhalanxUpsampleConcat',
        attributes,
        channels.map((_, position) => inputs[position]!),
      ),
    ];
  },
  saveInputs: [],
  gradient: ([dy], _, { from, channels }) => {
    const attributes = [
      attribute.type('T'),
      attribute.int('N', channels.length - 1),
      attribute.ints('size', from),
      attribute.ints('channels', channels),
    ];
    const gradients = runOps('PhalanxUpsampleConcatGrad', attributes, [dy!], channels.length);
    return Object.fromEntries(gradients.map((gradient, position) => [position, () => gradient]));
  },
});

/**
 * `x` [N, h, w, C] at `size` [height, width], as `resizeNearest` does, and behind its channels those of `skips`
 * [N, height, width, ...]. On the CPU one pass over memory each way, elsewhere of TensorFlow's ops.
 *
 * @returns [N, height, width, C + the channels of all skips]
 * @throws PhalanxError `engine/op` for skips of another size
 */
export function upsampleConcat(x: tf.Tensor4D, size: Pair, skips: readonly tf.Tensor4D[]): tf.Tensor4D {
  if (!hasOwnKernels()) return composedUpsampleConcat(x, size, skips);
  const inputs = [x, ...skips];
  const channels = inputs.map(({ shape }) => shape[3]);
  return fused(Object.fromEntries(inputs.entries()), {
    from: [x.shape[1], x.shape[2]],
    to: size,
    channels,
  })[0] as tf.Tensor4D;
}

/** The same, of TensorFlow's ops. */
export function composedUpsampleConcat(
  x: tf.Tensor4D,
  size: Pair,
  skips: readonly tf.Tensor4D[],
): tf.Tensor4D {
  return tf.concat([resizeNearest(x, size), ...skips], 3);
}
