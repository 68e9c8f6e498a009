// Fused ops against the ops that they stand for, in compiled functions: node --import tsx benchmarks/engine/fusedOps.ts
import * as tf from '@tensorflow/tfjs-core';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { batchNormTraining, composedBatchNormTraining } from '../../src/engine/ops/batchNorm.ts';
import type { Activation, AfterNorm } from '../../src/engine/ops/batchNorm.ts';
import { composedExciteChannels, exciteChannels } from '../../src/engine/ops/exciteChannels.ts';
import { composedGelu, gelu } from '../../src/engine/ops/gelu.ts';
import { composedLabelSums, labelSums } from '../../src/engine/ops/labelSums.ts';
import { composedLayerNorm, layerNorm } from '../../src/engine/ops/layerNorm.ts';
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
const normalized: readonly (readonly [Shape, Activation, boolean])[] = [
  [[2, 256, 256, 64], 'relu', false],
  [[2, 512, 512, 16], 'relu', false],
  [[2, 128, 128, 64], 'relu', true],
  [[2, 128, 128, 144], 'silu', false],
  [[2, 256, 256, 16], 'none', false],
  [[2, 128, 128, 96], 'relu6', false],
  [[2, 64, 64, 240], 'hardswish', false],
];
for (const [x, activation, adds] of normalized) {
  const bind =
    (op: typeof composedBatchNormTraining): Op =>
    (y, residual) => {
      const after: AfterNorm = adds
        ? { activation: 'relu', residual: residual as tf.Tensor4D }
        : { activation };
      return op(y as tf.Tensor4D, tf.ones([x[3]]), tf.zeros([x[3]]), 1e-5, after).y;
    };
  const name = `normalized [${x.join(', ')}], ${adds ? 'residual, ' : ''}${activation}`;
  await compare(name, bind(batchNormTraining), bind(composedBatchNormTraining), adds ? [x, x] : [x]);
}
const tokens: readonly Shape[] = [
  [2, 128, 128, 64],
  [2, 32, 32, 320],
];
for (const x of tokens) {
  const name = `[${x.join(', ')}]`;
  await compare(`gelu ${name}`, gelu, composedGelu, [x]);
  const bind =
    (op: typeof layerNorm): Op =>
    (y) =>
      op(y as tf.Tensor4D, tf.ones([x[3]]), tf.zeros([x[3]]), 1e-6);
  await compare(`layer norm ${name}`, bind(layerNorm), bind(composedLayerNorm), [x]);
}
const [batch, height, width, classes] = [2, 512, 512, 29];
const words = Int32Array.from({ length: batch * height * width }, (_, i) => Math.imul(i, 2654435761) & i);
const labelled =
  (sums: (logits: tf.Tensor4D, labels: tf.Tensor4D, weights: tf.Tensor1D) => tf.Tensor): Op =>
  (logits) =>
    sums(
      logits as tf.Tensor4D,
      tf.tensor4d(words, [batch, height, width, 1], 'int32'),
      tf.ones<tf.Rank.R1>([classes]),
    );
await compare(
  `sums for the loss of [${[batch, height, width, classes].join(', ')}]`,
  labelled((logits, labels, weights) => {
    const { crossEntropy, intersection, predicted, target } = labelSums(logits, labels, weights);
    return tf.stack([crossEntropy, intersection, predicted, target]);
  }),
  labelled((logits, labels, positiveWeights) => composedLabelSums({ logits, labels, positiveWeights })),
  [[batch, height, width, classes]],
);
