/** Phalanx's side of the engine suite: bytes and packed labels in, through the trainer's own step. */
import * as tf from '@tensorflow/tfjs-core';
import { bytesToFloat, uint8Tensor } from '../../../src/engine/bytes.ts';
import { compile } from '../../../src/engine/compile.ts';
import { startEngine } from '../../../src/engine/engine.ts';
import { buildModel } from '../../../src/models/buildModel.ts';
import { buildLoss } from '../../../src/objectives/losses/loss.ts';
import { normalize } from '../../../src/training/normalization.ts';
import { buildOptimizer } from '../../../src/training/optimizers/build.ts';
import { createTrainStep } from '../../../src/training/trainStep.ts';
import { forgetPeak, peakBytes, serve, timed } from '../../serve.ts';
import { testBatch } from '../testBatch.ts';
import { modelOptions } from '../works.ts';
import type { ContenderSpec, Work } from '../works.ts';

const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const learningRate = 1e-3;

const spec = JSON.parse(process.argv[2]!) as ContenderSpec;
const { precision, size, batch: images } = spec;
await startEngine({ threads: spec.threads });
const model = buildModel(modelOptions(spec));
const batch = testBatch(images, size, model.classes);

function inference(): () => Promise<void> {
  const forward = compile(
    (pixels: tf.Tensor4D) =>
      model.forward(normalize(bytesToFloat(pixels) as tf.Tensor4D, normalization), { training: false })
        .logits,
    { name: 'predict', precision },
  );
  return async () => {
    const pixels = uint8Tensor(batch.images, batch.imageShape) as tf.Tensor4D;
    tf.dispose([await forward(pixels), pixels]);
  };
}

function training(): () => Promise<void> {
  const parameters = [...model.namedParameters()].map(([name, { variable }]) => ({ name, variable }));
  const optimizer = buildOptimizer({ name: 'adamw', learningRate }, parameters);
  const step = createTrainStep({
    model,
    loss: buildLoss([{ name: 'bce', weight: 5 }, { name: 'dice' }]),
    optimizer,
    parameters,
    normalization,
    precision,
    accumulate: 1,
    auxiliaryWeight: 0.5,
  });
  let count = 0;
  return async () => {
    count++;
    const { loss } = await step.run(
      [batch],
      optimizer.hyperparameters(count, { learningRate }),
      Int32Array.of(1, count),
    );
    if (!Number.isFinite(loss)) throw new Error(`the loss became ${loss}`);
  };
}

const runs = new Map<Work, () => Promise<void>>();

await serve({
  prepare: async ({ work }) => {
    const run = work === 'inference' ? inference() : training();
    runs.set(work as Work, run);
    await run();
    const startPeakBytes = peakBytes();
    forgetPeak();
    return { startPeakBytes };
  },
  run: async ({ work }) => ({ seconds: await timed(runs.get(work as Work)!), peakBytes: peakBytes() }),
});
