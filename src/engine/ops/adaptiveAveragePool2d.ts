import * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp } from '../op.ts';
import type { Pair } from './pair.ts';

interface Sizes {
  /** [height, width] of the image. */
  readonly from: Pair;
  /** [height, width] of the result. */
  readonly to: Pair;
}

/** Averaging is one matrix for rows and one for columns, whatever the sizes. */
const pool = defineOp<'x', Sizes>({
  name: 'AdaptiveAveragePool2d',
  forward: ({ x }, { from, to }) => [
    tf.tidy(() => alongBoth(x, windows(from[0], to[0]), windows(from[1], to[1]))),
  ],
  saveInputs: [],
  gradient: ([dy], _, { from, to }) => ({
    x: () =>
      tf.tidy(() =>
        alongBoth(dy!, tf.transpose(windows(from[0], to[0])), tf.transpose(windows(from[1], to[1]))),
      ),
  }),
});

/**
 * Means of `size` [height, width] windows that cover `x` [N, H, W, C] evenly, as PyTorch's `adaptive_avg_pool2d`:
 * window i of n spans floor(i * H / n) to ceil((i + 1) * H / n), so that windows overlap where n does not divide H.
 *
 * @returns [N, height, width, C]
 */
export function adaptiveAveragePool2d(x: tf.Tensor4D, size: Pair): tf.Tensor4D {
  return pool({ x }, { from: [x.shape[1], x.shape[2]], to: size })[0] as tf.Tensor4D;
}

/** The share of each pixel in each window's mean, [to, from]. */
function windows(from: number, to: number): tf.Tensor2D {
  const shares = new Float32Array(to * from);
  for (let window = 0; window < to; window++) {
    const start = Math.floor((window * from) / to);
    const end = Math.ceil(((window + 1) * from) / to);
    shares.fill(1 / (end - start), window * from + start, window * from + end);
  }
  return tf.tensor2d(shares, [to, from]);
}

/** `rows` and `columns` times the second and third axis of `x`. */
function alongBoth(x: tf.Tensor, rows: tf.Tensor2D, columns: tf.Tensor2D): tf.Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [toHeight, toWidth] = [rows.shape[0], columns.shape[0]];
  const down = multiply(rows, tf.reshape(x, [batch, height, width * channels]));
  const across = multiply(columns, tf.reshape(down, [batch * toHeight, width, channels]));
  return tf.reshape(across, [batch, toHeight, toWidth, channels]);
}

function multiply(a: tf.Tensor2D, b: tf.Tensor): tf.Tensor {
  return runOp(
    'BatchMatMulV2',
    [attribute.type('T'), attribute.bool('adj_x', false), attribute.bool('adj_y', false)],
    [a, b],
  );
}
