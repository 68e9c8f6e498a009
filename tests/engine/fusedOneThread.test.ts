import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { composedExciteChannels, exciteChannels } from '../../src/engine/ops/exciteChannels.ts';
import { composedUpsampleConcat, upsampleConcat } from '../../src/engine/ops/upsampleConcat.ts';
import { arbitrary, expectClose, resultAndGradients } from './fusedOps.ts';

it('fused ops are those of separate ops on one thread', async () => {
  expect((await startEngine({ threads: 1 })).threads).toBe(1);
  const [x, skip] = [arbitrary([2, 24, 20, 32], 0), arbitrary([2, 48, 40, 16], 1)];
  const join = (op: typeof upsampleConcat) => (y: tf.Tensor, other: tf.Tensor) =>
    op(y as tf.Tensor4D, [48, 40], [other as tf.Tensor4D]);
  expectClose(
    resultAndGradients(join(upsampleConcat), [x, skip]),
    resultAndGradients(join(composedUpsampleConcat), [x, skip]),
    1e-6,
  );
  const excite = (op: typeof exciteChannels) => (y: tf.Tensor) =>
    op(y as tf.Tensor4D, (means) => tf.mul(means, 9));
  expectClose(
    resultAndGradients(excite(exciteChannels), [x]),
    resultAndGradients(excite(composedExciteChannels), [x]),
    2e-6,
  );
  tf.dispose([x, skip]);
});
