// Fused ops against the ops that they stand for, in compiled functions: node --import tsx benchmarks/engine/fusedOps.ts
import * as tf from '@tensorflow/tfjs-core';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { composedExciteChannels, exciteChannels } from '../../src/engine/ops/exciteChannels.ts';
import { composedUpsampleConcat, upsampleConcat } from '../../src/engine/ops/upsampleConcat.ts';

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;
type Shape = readonly [number, number, number, number];

const REPEATS = 8;

/** Prints the least processor milliseconds of a call, forward and gradient, in turns. */
async function compare(name: string, fused: Op, composed: Op, shapes: readonly Shape[]): Promise<void> {
  const inputs = shapes.map((shape) => tf.randomNormal([...shape]));
  const dy = tf.tidy(() => tf.randomNormal(composed(...inputs).shape));
  const options = { precision: 'float32' } as const;
  const contenders = [fused, composed].flatMap((op) => [
    { run: compile((_: tf.Tensor, ...x) => op(...x), { ...options, name: 'forward' }), least: Infinity },
    {
      run: compile((g: tf.Tensor, ...x) => tf.grads(op)(x, g), { ...options, name: 'gradient' }),
      least: Infinity,
    },
  ]);
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const contender of contenders) {
      const before = process.cpuUsage();
      tf.dispose(await contender.run(dy, ...inputs));
      const { user, system } = process.cpuUsage(before);
      // The first call also optimizes the graph.
      if (repeat > 0) contender.least = Math.min(contender.least, (user + system) / 1000);
    }
  }
  const [forward, gradient, plainForward, plainGradient] = contenders.map(({ least }) => least.toFixed(1));
  console.log(`${name}: forward ${plainForward} -> ${forward}, gradient ${plainGradient} -> ${gradient}`);
  for (const { run } of contenders) run.dispose();
  tf.dispose([dy, ...inputs]);
}

await startEngine();
const joined: readonly [Shape, readonly number[]][] = [
  [[2, 128, 128, 64], [64]],
  [[2, 64, 64, 128], [64]],
  [[2, 16, 16, 512], [256]],
  [
    [2, 64, 64, 64],
    [64, 64, 64],
  ],
  [[2, 256, 256, 32], []],
];
for (const [x, channels] of joined) {
  const size = [x[1] * 2, x[2] * 2] as const;
  const bind =
    (op: typeof upsampleConcat): Op =>
    (y, ...skips) =>
      op(y as tf.Tensor4D, size, skips as tf.Tensor4D[]);
  const shapes = [x, ...channels.map((count) => [x[0], ...size, count] as const)];
  const name = `upsampled [${x.join(', ')}] with [${channels.join(', ')}]`;
  await compare(name, bind(upsampleConcat), bind(composedUpsampleConcat), shapes);
}
const excited: readonly Shape[] = [
  [2, 256, 256, 32],
  [2, 128, 128, 96],
  [2, 128, 128, 144],
  [2, 64, 64, 240],
  [2, 32, 32, 672],
  [2, 16, 16, 1152],
];
for (const x of excited) {
  const bind =
    (op: typeof exciteChannels): Op =>
    (y) =>
      op(y as tf.Tensor4D, (means) => tf.mul(means, 0.5));
  await compare(`excited [${x.join(', ')}]`, bind(exciteChannels), bind(composedExciteChannels), [x]);
}
