import * as tf from '@tensorflow/tfjs-core';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDataset } from '../../src/data/handBone/check.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { writePhantom } from '../../src/data/phantom/writePhantom.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { evaluateRun } from '../../src/experiment/evaluateRun.ts';
import type { Evaluation } from '../../src/experiment/evaluateRun.ts';
import type { Resolved } from '../../src/experiment/resolve.ts';
import { listRuns } from '../../src/experiment/runDirectory.ts';
import { runEnsemble } from '../../src/experiment/runEnsemble.ts';
import { ensembleSchema, experimentSchema } from '../../src/experiment/schema.ts';
import type { Experiment, ExperimentDeclaration } from '../../src/experiment/schema.ts';
import { trainExperiment } from '../../src/experiment/trainExperiment.ts';
import { ttaOf } from '../../src/inference/tta/options.ts';
import { checkSubmission } from '../../src/inference/submission/check.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { json, phalanx, writeDeclaration } from '../cli/phalanx.ts';

const people = 5;
const images = { train: 2 * people, test: 4 };
let cwd: string;

const declaration: ExperimentDeclaration = {
  data: { root: 'data', imageSize: 64, folds: { count: people } },
  model: { decoder: { name: 'unet', channels: [32, 32, 32] }, encoder: { name: 'resnet18', depth: 3 } },
  loss: [{ name: 'bce', weight: 5 }, { name: 'dice' }],
  optimizer: { name: 'adamw', learningRate: 1e-2 },
  schedule: { name: 'oneCycle' },
  augmentation: [{ name: 'RandomBrightnessContrast', p: 0.5 }],
  training: { length: { steps: 20 }, batchSize: 2, precision: 'float32', validateEvery: 2 },
};
const members: Record<string, ExperimentDeclaration> = {
  unet: declaration,
  unetplusplus: {
    ...declaration,
    model: {
      decoder: { name: 'unetplusplus', channels: [32, 32, 32] },
      encoder: { name: 'resnet18', depth: 3 },
    },
  },
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-job-'));
  await writePhantom(join(cwd, 'data'), { people, test: images.test / 2, size: 128, seed: 3 });
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

/** A Python that can run the scorer outside the project: `PHALANX_TEST_PYTHON`, or `python3` where it has OpenCV. */
function outsidePython(): string | undefined {
  const candidates = [process.env['PHALANX_TEST_PYTHON'], 'python3'].filter((name) => name !== undefined);
  return candidates.find((name) => spawnSync(name, ['-c', 'import cv2, numpy']).status === 0);
}

describe('the main job through the library', () => {
  const runs = (): string => join(cwd, 'library/runs');
  const cache = (): string => join(cwd, 'library/cache');

  async function resolved(name: string): Promise<Resolved<Experiment>> {
    const path = join(cwd, `${name}.ts`);
    await writeFile(path, `export default ${JSON.stringify(members[name])};\n`);
    const config = experimentSchema.parse(members[name]);
    return { name, path, config: { ...config, data: { ...config.data, root: join(cwd, 'data') } } };
  }

  test('from annotated images to a scored submission, leaving no tensor behind', async () => {
    expect((await checkDataset(join(cwd, 'data'))).defects).toEqual([]);
    await startEngine();
    const before = { tensors: tf.memory().numTensors, native: nativeTensorCount() };

    for (const name of Object.keys(members)) {
      const events: TrainingEvent[] = [];
      for await (const event of trainExperiment({
        experiment: await resolved(name),
        runs: runs(),
        cache: cache(),
      })) {
        if (event.type === 'warning') expect.unreachable(event.message);
        if (event.type !== 'run' && event.type !== 'prepare-progress') events.push(event);
      }
      const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
      expect(losses).toHaveLength(20);
      const mean = (part: readonly number[]): number =>
        part.reduce((sum, loss) => sum + loss, 0) / part.length;
      expect(mean(losses.slice(-4))).toBeLessThan(mean(losses.slice(0, 4)));
      expect(events.some((event) => event.type === 'validation')).toBe(true);
      expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'completed', step: 20 });
    }

    const trained = await listRuns(runs());
    expect(trained.map(({ state }) => [state.experiment, state.status])).toEqual([
      ['unet', 'finished'],
      ['unetplusplus', 'finished'],
    ]);
    for (const run of trained) {
      let evaluation: Evaluation | undefined;
      for await (const event of evaluateRun({ run, tta: ttaOf('none'), cache: cache() })) {
        if (event.type === 'finished') evaluation = event.evaluation;
      }
      // The best checkpoint was chosen by the same score of the same images; logits were quantized in between.
      expect(evaluation).toMatchObject({ images: 2 });
      expect(Math.abs(evaluation!.meanDice - run.state.bestDice!)).toBeLessThan(0.01);
      expect(await readFile(evaluation!.report, 'utf8')).toContain('</html>');
    }

    const config = ensembleSchema.parse({
      output: 'ensemble',
      members: [{ run: 'unet' }, { run: 'unetplusplus' }],
    });
    const submissions = join(cwd, 'library/submissions');
    for await (const event of runEnsemble({ config, runs: runs(), cache: cache(), submissions })) {
      if (event.type === 'member') expect(Object.keys(members)).toContain(event.name.split('/')[0]);
    }
    expect({ tensors: tf.memory().numTensors, native: nativeTensorCount() }).toEqual(before);

    const csv = join(submissions, 'ensemble.csv');
    const dataset = await readHandBone(join(cwd, 'data'));
    expect(await checkSubmission(csv, dataset)).toMatchObject({ valid: true, rows: images.test * 29 });
    const score = await scoreSubmission(csv, dataset, 'test');
    expect(Object.keys(score.perClass)).toEqual([...dataset.classes]);
    for (const dice of [score.meanDice, ...Object.values(score.perClass)]) {
      expect(dice).toBeGreaterThanOrEqual(0);
      expect(dice).toBeLessThanOrEqual(1);
    }
  }, 180_000);
});

describe('the main job from the command line', () => {
  test('every step prints one JSON document, and the score is that of code outside the project', async (context) => {
    const folder = join(cwd, 'commands');
    for (const [name, experiment] of Object.entries(members)) {
      await writeDeclaration(folder, name, {
        ...experiment,
        data: { ...experiment.data, root: '../data' },
        training: { ...experiment.training, length: { steps: 10 } },
      });
    }
    await writeDeclaration(folder, 'both', {
      output: 'both',
      members: [{ run: 'unet' }, { run: 'unetplusplus' }],
    });
    const run = async (line: string): Promise<unknown> =>
      json(await phalanx([...line.split(' '), '--json'], { cwd: folder }));

    expect(await run('data check ../data')).toMatchObject({ defects: [] });
    expect(await run('data prepare unet')).toMatchObject({ images: images.train + images.test });
    expect(await Promise.all([run('train unet'), run('train unetplusplus')])).toMatchObject([
      { reason: 'completed', steps: 10 },
      { reason: 'completed', steps: 10 },
    ]);
    expect(await run('runs list')).toHaveLength(2);
    expect(await run('evaluate unet --tta none')).toMatchObject({ images: 2 });
    expect(await run('predict unet')).toMatchObject({ written: images.test, kept: 0 });
    expect(await run('ensemble both')).toMatchObject({
      path: 'submissions/both.csv',
      rows: images.test * 29,
    });
    expect(await run('submission check submissions/both.csv --data ../data')).toMatchObject({ valid: true });
    const score = (await run('submission score submissions/both.csv --data ../data')) as { meanDice: number };
    expect(score.meanDice).toBeGreaterThanOrEqual(0);
    expect(score.meanDice).toBeLessThanOrEqual(1);

    const python = outsidePython();
    if (python === undefined) {
      // Parity with the scorer itself is held by tests/inference/score.test.ts and its goldens.
      return context.skip('no Python with OpenCV to score with outside the project');
    }
    const scorer = fileURLToPath(new URL('../../tools/score/score.py', import.meta.url));
    const files = [join(folder, 'submissions/both.csv'), join(cwd, 'data/test/outputs_json')];
    const { status, stdout } = spawnSync(python, [scorer, ...files, '--json'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as { meanDice: number }).meanDice).toBeCloseTo(score.meanDice, 9);
  }, 240_000);
});
