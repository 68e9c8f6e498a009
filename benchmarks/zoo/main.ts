/** Time of inference of every encoder and decoder on this machine, for the tables of the reference. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../../src/core/atomicFile.ts';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { listModels } from '../../src/models/listModels.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import type { ModelOptions } from '../../src/models/modelSchema.ts';
import { describeMachine } from '../machine.ts';
import { timed } from '../serve.ts';
import { resultsFolder } from '../report.ts';
import type { ZooTimes } from './times.ts';

const SIDE = 512;
/** Of every model, after a first run that traces it. */
const LEAST_RUNS = 3;
const SECONDS = 2;

const machine = await describeMachine();
await startEngine({ threads: machine.cores });

/** The least seconds of inference, one colour image to logits of one class. */
async function secondsOf(options: ModelOptions): Promise<number> {
  const model = buildModel(options, { seed: 1 });
  const forward = compile((x: tf.Tensor4D) => model.forward(x, { training: false }).logits, { name: 'zoo' });
  // A network without padding takes certain sides only.
  const { smallestSide, sizeMultiple } = model;
  const side = smallestSide + Math.ceil((SIDE - smallestSide) / sizeMultiple) * sizeMultiple;
  const x = tf.zeros<tf.Rank.R4>([1, side, side, 3]);
  const run = async () => tf.dispose(await forward(x));
  await run();
  const samples: number[] = [];
  for (let total = 0; samples.length < LEAST_RUNS || total < SECONDS; total += samples.at(-1)!) {
    samples.push(await timed(run));
  }
  x.dispose();
  forward.dispose();
  model.dispose();
  return Math.min(...samples);
}

const colour = { inChannels: 3, classes: 1 };
const zoo = listModels();
const encoders: Record<string, number> = {};
for (const { name } of zoo.encoders) {
  const seconds = await secondsOf(parseModel({ decoder: { name: 'unet' }, encoder: { name }, ...colour }));
  encoders[name] = seconds;
  console.error(`${name}: ${seconds.toFixed(3)} s`);
}
const decoders: Record<string, number> = {};
for (const { name, example } of zoo.decoders) {
  const foundation = example === undefined ? {} : { encoder: { name: example } };
  const seconds = await secondsOf(parseModel({ decoder: { name }, ...foundation, ...colour }));
  decoders[name] = seconds;
  console.error(`${name}: ${seconds.toFixed(3)} s`);
}
const times: ZooTimes = { machine, encoders, decoders };
const path = join(resultsFolder, `zoo-${machine.kind}.json`);
await writeFileAtomic(path, `${JSON.stringify(times, null, 2)}\n`);
console.error(`Written to ${path}`);
