import { join, resolve } from 'node:path';
import type { SampleEntry } from '../data/dataset.ts';
import { startEngine } from '../engine/engine.ts';
import { predict } from '../inference/predict.ts';
import type { PredictOptions, PredictionEvent } from '../inference/predict.ts';
import type { PredictedModel } from '../inference/predictedModel.ts';
import { sizeOf } from '../inference/provenance.ts';
import type { LogitStore } from '../inference/store/logitStore.ts';
import type { Tta } from '../inference/tta/options.ts';
import type { Inference } from '../inference/windows/options.ts';
import { buildModel } from '../models/buildModel.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import { readSafetensors } from '../nn/safetensors/read.ts';
import { loadStateDict } from '../nn/stateDict.ts';
import { defaultCacheDirectory, normalizationOf, prepareEntries } from './experimentData.ts';
import type { OtherPrediction, RunData } from './predictRun.ts';
import { cachedImages, imagesOfFiles } from './predictedImages.ts';
import { modelConfig } from './resolve.ts';
import { runCheckpoint, sha256 } from './runCheckpoint.ts';
import type { Experiment } from './schema.ts';

/** A run's weights that are to predict, and where to. */
export interface RunPrediction extends OtherPrediction {
  readonly data: RunData;
  readonly tta: Tta;
  readonly store: LogitStore;
}

export interface PredictRunsOptions {
  readonly runs: readonly RunPrediction[];
  /** Whether logits that were made in another way are replaced; otherwise they are an error. */
  readonly overwrite?: boolean;
  readonly cache?: string;
  readonly onDecoded?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Predicts images with several runs, or several weights of one, each into a store of its own. Those that see images in
 * the same way predict in one pass over them, with the weights of all in memory; for others the events begin again.
 *
 * @throws PhalanxError `run/no-checkpoint`, and what decoding, loading weights and predicting throw.
 */
export async function* predictRuns(options: PredictRunsOptions): AsyncGenerator<PredictionEvent> {
  // Before anything is computed.
  const runs = await Promise.all(
    options.runs.map(async (run) => ({ ...run, path: await runCheckpoint(run.data.run, run.weights) })),
  );
  const groups = new Map<string, LoadedRun[]>();
  for (const run of runs) {
    const key = inputOf(run);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  for (const group of groups.values()) yield* predictGroup(group, options);
}

interface LoadedRun extends RunPrediction {
  /** Of the weights. */
  readonly path: string;
}

function inferenceOf({ inference, data: { config } }: RunPrediction): Inference {
  return inference ?? config.inference ?? { mode: 'whole' };
}

/** All that decides which pixels a model is given. */
function inputOf(run: RunPrediction): string {
  const { format, root, imageSize, channels, interpolation } = run.data.config.data;
  return JSON.stringify([format, resolve(root), imageSize, channels, interpolation, inferenceOf(run)]);
}

async function* predictGroup(
  group: readonly LoadedRun[],
  { cache: directory = defaultCacheDirectory, overwrite = false, onDecoded, signal }: PredictRunsOptions,
): AsyncGenerator<PredictionEvent> {
  const { dataset } = group[0]!.data;
  const config = withSmallestBatch(group.map(({ data }) => data.config));
  const inference = inferenceOf(group[0]!);
  const size = sizeFor(inference, config);
  const all = [...new Map(group.flatMap(({ data }) => data.entries.map((one) => [one.id, one]))).values()];
  const batchSize = batchSizeOf(config);
  let images: PredictOptions['images'];
  if (size === 'original') {
    const { channels } = config.data;
    images = (open) => imagesOfFiles(dataset, open, { channels, atOnce: batchSize });
  } else {
    const settings = { ...config.data, imageSize: size };
    const cache = await prepareEntries(dataset, all, settings, directory, { signal, onProgress: onDecoded });
    images = (open) => cachedImages(cache, open, config, signal);
  }
  await startEngine(config.engine);
  const built: SegmentationModel[] = [];
  try {
    const models: PredictedModel[] = [];
    for (const run of group) {
      const model = modelOf(run);
      built.push(model);
      models.push(await loaded(run, model));
    }
    yield* predict({
      models,
      classes: dataset.classes,
      imageSize: size,
      inference,
      batchSize,
      images,
      originalSize: (entry: SampleEntry) => dataset.readSize(entry),
      overwrite,
      signal,
    });
  } finally {
    for (const model of built) model.dispose();
  }
}

function sizeFor(inference: Inference, { data }: Experiment): PredictOptions['imageSize'] {
  if (inference.mode === 'whole' || inference.imageSize === 'training') return sizeOf(data.imageSize);
  return inference.imageSize === 'original' ? 'original' : sizeOf(inference.imageSize);
}

function batchSizeOf({ training }: Experiment): number {
  return training.validationBatchSize ?? training.batchSize;
}

/** The first of the settings, with a batch that none of the models finds too large. */
function withSmallestBatch(configs: readonly Experiment[]): Experiment {
  const [first] = configs;
  const validationBatchSize = Math.min(...configs.map(batchSizeOf));
  return { ...first!, training: { ...first!.training, validationBatchSize } };
}

function modelOf({ data: { run, config, dataset } }: RunPrediction): SegmentationModel {
  return buildModel(modelConfig(config, dataset.classes.length, join(run.directory, 'config.json')));
}

async function loaded(run: LoadedRun, model: SegmentationModel): Promise<PredictedModel> {
  const { data, path, tta, store, weights } = run;
  const { state } = data.run;
  loadStateDict(model, (await readSafetensors(path)).tensors, path);
  return {
    name: [`${state.experiment}/fold${state.fold}/${state.id}`, weights]
      .filter((part) => part !== undefined)
      .join(', '),
    model,
    checkpoint: await sha256(path),
    normalization: normalizationOf(data.config.data),
    precision: data.config.training.precision,
    tta,
    entries: data.entries,
    store,
  };
}
