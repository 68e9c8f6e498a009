import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PhalanxError } from '../core/errors.ts';
import type { Dataset, SampleEntry } from '../data/dataset.ts';
import { startEngine } from '../engine/engine.ts';
import { predict } from '../inference/predict.ts';
import type { PredictionEvent } from '../inference/predict.ts';
import { LogitStore } from '../inference/store/logitStore.ts';
import { ttaNames } from '../inference/tta/names.ts';
import { ttaOf } from '../inference/tta/options.ts';
import type { Tta } from '../inference/tta/options.ts';
import { buildModel } from '../models/buildModel.ts';
import { readSafetensors } from '../nn/safetensors/read.ts';
import { loadStateDict } from '../nn/stateDict.ts';
import { checkpointPath } from '../training/checkpoint.ts';
import {
  batchesInOrder,
  defaultCacheDirectory,
  normalizationOf,
  openDataset,
  prepareEntries,
  splitFold,
} from './experimentData.ts';
import { modelConfig } from './resolve.ts';
import { readRunFile } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';
import { experimentSchema } from './schema.ts';
import type { Experiment } from './schema.ts';
import { parseDeclared } from './validate.ts';

/** `val`: the images that the run's fold held out. */
export type PredictedSplit = 'test' | 'val';

/** A run with what its predictions are made of. */
export interface RunData {
  readonly run: Run;
  readonly config: Experiment;
  readonly dataset: Dataset;
  readonly entries: readonly SampleEntry[];
}

/**
 * Opens the data that a run is to predict.
 *
 * @param root the dataset's folder, when it is not where it was while training.
 * @throws PhalanxError `predict/no-images`, and what reading the dataset throws.
 */
export async function openRunData(run: Run, split: PredictedSplit, root?: string): Promise<RunData> {
  const path = join(run.directory, 'config.json');
  const recorded = parseDeclared(experimentSchema, await readRunFile(run, 'config.json'), path);
  const config = root === undefined ? recorded : { ...recorded, data: { ...recorded.data, root } };
  const dataset = await openDataset(config.data);
  const entries =
    split === 'test' ? dataset.entries.test : splitFold(dataset, config.data, run.state.fold).validation;
  if (entries.length === 0) {
    throw new PhalanxError('predict/no-images', {
      what: 'There are no images to predict',
      where: config.data.root,
      expected: 'images in the folders of the test split',
      received: 'none',
    });
  }
  return { run, config, dataset, entries };
}

/** Where a run's logits of a split and a test-time augmentation lie. */
export function storeOf(run: Run, split: PredictedSplit, tta: Tta): LogitStore {
  return new LogitStore(join(run.directory, 'predictions', split, folderOf(tta)));
}

/** The name of the augmentation if it has one, else a hash of what it is. */
function folderOf(tta: Tta): string {
  const declared = JSON.stringify(tta);
  const name = ttaNames.find((known) => JSON.stringify(ttaOf(known)) === declared);
  return name ?? createHash('sha256').update(declared).digest('hex').slice(0, 12);
}

export interface PredictRunOptions {
  readonly data: RunData;
  readonly tta: Tta;
  readonly store: LogitStore;
  readonly cache?: string;
  readonly onDecoded?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Predicts images with a run's best weights (its last ones if none were validated) into a logit store. What is there
 * already and was made in the same way is kept.
 *
 * @throws PhalanxError `run/no-checkpoint`, and what decoding, loading weights and predicting throw.
 */
export async function* predictRun(options: PredictRunOptions): AsyncGenerator<PredictionEvent> {
  const { data, tta, store, signal } = options;
  const { run, config, dataset, entries } = data;
  const weights = checkpointOf(run);
  const cache = await prepareEntries(dataset, entries, config.data, options.cache ?? defaultCacheDirectory, {
    signal,
    onProgress: options.onDecoded,
  });
  await startEngine(config.engine);
  const model = buildModel(modelConfig(config, dataset.classes.length, join(run.directory, 'config.json')));
  try {
    loadStateDict(model, (await readSafetensors(weights)).tensors, weights);
    const { training, data: settings } = config;
    yield* predict({
      model,
      checkpoint: await sha256(weights),
      classes: dataset.classes,
      entries,
      imageSize: { width: cache.shape.width, height: cache.shape.height },
      batches: (open) => batchesInOrder(cache, open, config, signal),
      originalSize: (entry) => dataset.readSize(entry),
      normalization: normalizationOf(settings),
      precision: training.precision,
      tta,
      store,
      signal,
    });
  } finally {
    model.dispose();
  }
}

function checkpointOf(run: Run): string {
  const directory = join(run.directory, 'checkpoints');
  const found = (['best', 'last'] as const).map((kind) => checkpointPath(directory, kind)).find(existsSync);
  if (found !== undefined) return found;
  throw new PhalanxError('run/no-checkpoint', {
    what: 'The run has no weights to predict with',
    where: directory,
    expected: 'best.safetensors or last.safetensors',
    fix: 'Continue it with "phalanx train --resume"',
  });
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
