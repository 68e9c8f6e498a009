/**
 * Run by gradientCheckpointing.test.ts, and by hand: trains U-Net for some steps and prints the peak of resident memory
 * and the least processor and wall seconds of a step. Arguments: encoder, side, checkpointing, steps, precision.
 */
import { startEngine } from '../../src/engine/engine.ts';
import type { Precision } from '../../src/engine/precision.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import type { GradientCheckpointing } from '../../src/training/options.ts';
import { buildOptimizer } from '../../src/training/optimizers/build.ts';
import { createTrainStep } from '../../src/training/trainStep.ts';
import { makeBatch, normalization } from './tiny.ts';

const [encoder, side, gradientCheckpointing, steps, precision = 'float32'] = process.argv.slice(2);
await startEngine();
const model = buildModel({
  decoder: { name: 'unet' },
  encoder: { name: encoder as 'resnet34' },
  inChannels: 3,
  classes: 29,
});
const parameters = [...model.namedParameters()].map(([name, { variable }]) => ({ name, variable }));
const optimizer = buildOptimizer({ name: 'adamw', learningRate: 1e-3 }, parameters);
const step = createTrainStep({
  model,
  optimizer,
  parameters,
  loss: buildLoss([{ name: 'bce', weight: 5 }, { name: 'dice' }]),
  normalization,
  precision: precision as Precision,
  accumulate: 1,
  auxiliaryWeight: 0.5,
  gradientCheckpointing: gradientCheckpointing as GradientCheckpointing,
});
const batch = makeBatch(['a', 'b'], Number(side));
const seconds = { processor: Infinity, wall: Infinity };
for (let count = 1; count <= Number(steps); count++) {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  await step.run([batch], optimizer.hyperparameters(count, { learningRate: 1e-3 }), Int32Array.of(1, count));
  const { user, system } = process.cpuUsage(before);
  seconds.wall = Math.min(seconds.wall, (performance.now() - startedAt) / 1e3);
  seconds.processor = Math.min(seconds.processor, (user + system) / 1e6);
}
console.log(JSON.stringify({ peakBytes: 1024 * process.resourceUsage().maxRSS, seconds }));
