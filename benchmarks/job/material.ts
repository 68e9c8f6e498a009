import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { splitFold } from '../../src/experiment/experimentData.ts';
import { resolveExperiment } from '../../src/experiment/resolve.ts';
import { cacheFolder } from '../../tools/setup/engine.js';
import { withLock } from '../../tools/setup/lock.js';
import { phantomIn } from '../phantom.ts';
import { runStage } from './stage.ts';

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
export const phalanxProgram = folder('../../bin/phalanx.js');
export const jobExperiment = folder('unet.ts');
export const jobSubmission = folder('submission.ts');
const pretraining = folder('pretraining.ts');

/** The dataset of the job: two images per person, of the competition's size. */
const phantom = { people: 16, test: 4, size: 2048, seed: 41 } as const;
/** Other people, to begin learning on. */
const pretrainingPhantom = { people: 32, test: 0, size: 512, seed: 42 } as const;

/** What both sides get. */
export interface Material {
  readonly data: string;
  readonly weights: string;
  /** Folders of the people to validate on. */
  readonly validationPeople: readonly string[];
}

/** Makes what is not there yet in the per-user cache: the phantom, and weights that know a bone from a gap. */
export async function prepareMaterial(): Promise<Material> {
  const root = join(cacheFolder(), 'bench-job');
  await mkdir(root, { recursive: true });
  return withLock(join(root, 'lock'), 'Waiting for another benchmark that is preparing the job', async () => {
    const data = await phantomIn(root, phantom);
    const weights = await initialWeights(root);
    const { config } = await resolveExperiment(jobExperiment, [`data.root=${JSON.stringify(data)}`]);
    const { validation } = splitFold(await readHandBone(data), config.data, 0);
    return { data, weights, validationPeople: [...new Set(validation.map(({ person }) => person))] };
  });
}

/**
 * What is changed in `pretraining.ts`, one training after the other, so that no step to larger pictures is a large one.
 * In the end the model is good at what the job is about: what two runs of it reach then differs by little.
 */
const stages: readonly Readonly<Record<string, unknown>>[] = [
  {},
  {
    'data.imageSize': 256,
    'optimizer.learningRate': 1e-3,
    'training.length': { steps: 300 },
    'training.outputPrior': false,
  },
  {
    'data.imageSize': 512,
    'optimizer.learningRate': 5e-4,
    'training.length': { steps: 120 },
    'training.batchSize': 2,
    'training.outputPrior': false,
  },
];

/** Files are named after the recipe so far, so that another recipe makes other weights and a killed one goes on. */
async function initialWeights(root: string): Promise<string> {
  const { config } = await resolveExperiment(pretraining);
  const data = await phantomIn(root, pretrainingPhantom);
  const work = join(root, 'pretraining');
  let weights: string | undefined;
  for (const [index, stage] of stages.entries()) {
    const recipe = createHash('sha256');
    recipe.update(JSON.stringify([config, pretrainingPhantom, stages.slice(0, index + 1)]));
    const path = join(root, `weights-${recipe.digest('hex').slice(0, 16)}.safetensors`);
    if (!existsSync(path)) {
      console.error(
        `Training the first weights that both sides start from (once): ${index + 1} of ${stages.length}`,
      );
      await rm(work, { recursive: true, force: true });
      await mkdir(work);
      const start = weights === undefined ? {} : { 'model.weights': weights };
      const settings = { ...stage, ...start, 'data.root': data };
      const parameters = [phalanxProgram, 'train', pretraining, '--id', 'stage', ...setFlags(settings)];
      await runStage(process.execPath, parameters, { cwd: work });
      await rename(
        join(work, 'runs', 'pretraining', 'fold0', 'stage', 'checkpoints', 'best.safetensors'),
        path,
      );
    }
    weights = path;
  }
  await rm(work, { recursive: true, force: true });
  return weights!;
}

/** Settings as the command line takes them. */
export function setFlags(settings: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${JSON.stringify(value)}`]);
}

/** Reads the dataset once, so that neither side is the one to wake the disk. */
export async function warmFiles(data: string): Promise<void> {
  const { entries } = await readHandBone(data);
  for (const { imagePath } of [...entries.train, ...entries.test]) await readFile(imagePath);
}
