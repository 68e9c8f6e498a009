import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PhalanxError } from '../core/errors.ts';
import type { Dataset, SampleEntry } from '../data/dataset.ts';
import type { PredictionEvent } from '../inference/predict.ts';
import { sizeOf } from '../inference/provenance.ts';
import { LogitStore } from '../inference/store/logitStore.ts';
import { ttaNames } from '../inference/tta/names.ts';
import { ttaOf } from '../inference/tta/options.ts';
import type { Tta } from '../inference/tta/options.ts';
import type { Inference } from '../inference/windows/options.ts';
import { openDataset, splitFold } from './experimentData.ts';
import { predictRuns } from './predictRuns.ts';
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

/** How a run predicts, where it is not as its settings say. */
export interface OtherPrediction {
  /** Name of the weights in the run's `checkpoints/`. */
  readonly weights?: string | undefined;
  readonly inference?: Inference | undefined;
}

/** Where a run's logits of a split and a test-time augmentation lie; those of other settings lie apart. */
export function storeOf(
  run: Run,
  split: PredictedSplit,
  tta: Tta,
  { weights, inference }: OtherPrediction = {},
): LogitStore {
  const parts = [folderOf(tta), weights, inference === undefined ? undefined : inferenceName(inference)];
  const folder = parts.filter((part) => part !== undefined).join('_');
  return new LogitStore(join(run.directory, 'predictions', split, folder));
}

/** The name of the augmentation if it has one, else a hash of what it is. */
function folderOf(tta: Tta): string {
  const name = ttaNames.find((known) => isDeepStrictEqual(ttaOf(known), tta));
  return name ?? createHash('sha256').update(JSON.stringify(tta)).digest('hex').slice(0, 12);
}

function inferenceName(inference: Inference): string {
  if (inference.mode === 'whole') return 'whole';
  const { window, overlap, weights, imageSize } = inference;
  const text = (size: typeof window): string => `${sizeOf(size).width}x${sizeOf(size).height}`;
  const of = typeof imageSize === 'string' ? imageSize : text(imageSize);
  return `windows-${text(window)}-${overlap}-${weights}-${of}`;
}

export interface PredictRunOptions extends OtherPrediction {
  readonly data: RunData;
  readonly tta: Tta;
  readonly store: LogitStore;
  readonly cache?: string;
  readonly onDecoded?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Predicts images with a run's best weights (its last ones if none were validated) into a logit store, as its
 * `inference` says. What is there already and was made in the same way is kept; the rest is made anew, with a warning.
 *
 * @throws PhalanxError `run/no-checkpoint`, and what decoding, loading weights and predicting throw.
 */
export async function* predictRun(options: PredictRunOptions): AsyncGenerator<PredictionEvent> {
  const { cache, onDecoded, signal } = options;
  yield* predictRuns({
    runs: [options],
    overwrite: true,
    signal,
    ...(cache === undefined ? {} : { cache }),
    ...(onDecoded === undefined ? {} : { onDecoded }),
  });
}
