import { join, relative } from 'node:path';
import { buildTransform } from '../augment/build.ts';
import { compose } from '../augment/compose.ts';
import { canMakeUnknown } from '../augment/fillMask.ts';
import { buildMixer } from '../augment/mixing/build.ts';
import type { SampleCache } from '../data/cache/cache.ts';
import type { Dataset } from '../data/dataset.ts';
import type { FoldSplit } from '../data/folds.ts';
import { batchCount, loadBatches } from '../data/loader/loadBatches.ts';
import { mapConcurrently } from '../data/mapConcurrently.ts';
import { startEngine } from '../engine/engine.ts';
import { buildModel } from '../models/buildModel.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import { loadEncoderWeights } from '../models/weights/loadEncoderWeights.ts';
import { requirePadding } from '../models/weights/requirePadding.ts';
import { readSafetensors } from '../nn/safetensors/read.ts';
import { loadStateDict } from '../nn/stateDict.ts';
import { buildLoss } from '../objectives/losses/loss.ts';
import type { TrainingEvent } from '../training/events.ts';
import { classPriors } from '../training/priors.ts';
import { train } from '../training/train.ts';
import { createValidation } from '../training/validation.ts';
import type { Validation } from '../training/validation.ts';
import { describeEnvironment } from './environment.ts';
import {
  batchesInOrder,
  defaultCacheDirectory,
  normalizationOf,
  openDataset,
  prepareEntries,
  requireAnnotations,
  splitFold,
} from './experimentData.ts';
import { openRun } from './openRun.ts';
import { modelConfig } from './resolve.ts';
import type { Resolved } from './resolve.ts';
import { LiveState } from './liveState.ts';
import type { Run } from './runDirectory.ts';
import type { Experiment } from './schema.ts';
import { samplingOf } from './sampling.ts';
import { startingWeights } from './startingWeights.ts';
import { logEvent, trackRun } from './trackRun.ts';

/** What training an experiment tells besides the trainer's own events. */
export type ExperimentEvent =
  | TrainingEvent
  | { readonly type: 'prepare-progress'; readonly done: number; readonly total: number }
  | { readonly type: 'run'; readonly run: Run; readonly twins: readonly Run[] };

export interface TrainExperimentOptions {
  readonly experiment: Resolved<Experiment>;
  readonly fold?: number;
  /** Name of the new run; by default its time and the hash of its settings. */
  readonly id?: string | undefined;
  /** Continue the newest unfinished run of the same settings and fold. */
  readonly resume?: boolean;
  readonly runs?: string;
  readonly cache?: string;
  readonly signal?: AbortSignal;
}

/**
 * Trains one fold of an experiment from its declaration to its checkpoints: dataset, cache, model, trainer, record.
 *
 * @throws PhalanxError of every layer: what is wrong with data, settings or a run directory.
 */
export async function* trainExperiment(options: TrainExperimentOptions): AsyncGenerator<ExperimentEvent> {
  const { experiment, fold = 0, signal } = options;
  const { config } = experiment;
  const dataset = await openDataset(config.data);
  requireAnnotations(dataset, config.data);
  const split = splitFold(dataset, config.data, fold);
  const spec = modelConfig(config, dataset.classes.length, relative(process.cwd(), experiment.path));
  // Before there is a run: what is not there should not leave one behind.
  const weights = await startingWeights(config.model);

  const { run, twins } = await openRun({ ...options, fold, weights });
  yield { type: 'run', run, twins };
  const events: ExperimentEvent[] = [];
  const cache = prepareEntries(
    dataset,
    [...split.train, ...split.validation],
    config.data,
    options.cache ?? defaultCacheDirectory,
    { signal, onProgress: (progress) => events.push({ type: 'prepare-progress', ...progress }) },
  );
  const state = new LiveState(run);
  try {
    yield* drain(events, cache);
    await startEngine(config.engine);
    const model = buildModel(spec, { seed: config.seed });
    try {
      const { encoder } = config.model;
      if (encoder !== undefined) await loadEncoderWeights(model, encoder);
      if (config.model.weights !== undefined) {
        const { tensors, metadata } = await readSafetensors(config.model.weights);
        requirePadding(metadata, encoder, config.model.weights);
        loadStateDict(model, tensors, config.model.weights);
      }
      yield* trainOnSplit(options, state, { dataset, split, cache: await cache, model, events });
    } finally {
      model.dispose();
    }
  } catch (error) {
    await state.update({ status: signal?.aborted === true ? 'aborted' : 'failed' });
    throw error;
  }
}

interface Prepared {
  readonly dataset: Dataset;
  readonly split: FoldSplit;
  readonly cache: SampleCache;
  readonly model: SegmentationModel;
  /** Warnings to pass on. */
  readonly events: ExperimentEvent[];
}

async function* trainOnSplit(
  { experiment, resume = false, signal }: TrainExperimentOptions,
  state: LiveState,
  prepared: Prepared,
): AsyncGenerator<ExperimentEvent> {
  const { config } = experiment;
  const { training } = config;
  const { dataset, split, cache, model, events } = prepared;
  const sampling = await samplingOf(training.sampling, dataset, split.train, cache);
  const { sampler, entries, samples, crop } = sampling;
  const { directory } = state.run;
  const tracker = trackRun({
    run: state.run,
    config,
    environment: await describeEnvironment(),
    source: relative(process.cwd(), experiment.path),
    onWarning: (message) => events.push({ type: 'warning', message }),
    onMlflowRun: (mlflowRunId) => void state.update({ mlflowRunId }).catch(() => undefined),
  });
  const augment = config.augmentation.length === 0 ? undefined : buildTransform(compose(config.augmentation));
  const makesUnknown = canMakeUnknown(config.augmentation);
  const validation = validationOf(config, prepared, signal);
  let outcome: 'finished' | 'failed' | 'killed' = 'failed';
  try {
    const trainer = train({
      model,
      loss: buildLoss(config.loss),
      optimizer: config.optimizer,
      schedule: config.schedule,
      batches: (epoch, startBatch) =>
        loadBatches({
          cache,
          entries,
          batchSize: training.batchSize,
          seed: config.seed,
          epoch,
          startBatch,
          sampler,
          ...(crop === undefined ? {} : { crop }),
          dropLast: true,
          ...(augment === undefined ? {} : { transform: augment }),
          ...(config.mixing.length === 0 ? {} : { mixer: buildMixer(config.mixing) }),
          ...(signal === undefined ? {} : { signal }),
        }),
      batchesPerEpoch: batchCount(samples, training.batchSize, true),
      length: training.length,
      validation,
      validateEvery: training.validateEvery,
      precision: training.precision,
      normalization: normalizationOf(config.data),
      unknownClass: makesUnknown || dataset.unknown === true ? dataset.classes.length : undefined,
      clipNorm: training.clipNorm,
      accumulate: training.accumulate,
      auxiliaryWeight: training.auxiliaryWeight,
      gradientCheckpointing: training.gradientCheckpointing,
      batchAugmentation: training.batchAugmentation,
      seed: config.seed,
      priors: training.outputPrior ? await priorsOf(prepared) : undefined,
      directory,
      resume,
      checkpointEvery: training.checkpointEvery,
      patience: training.patience,
      signal,
    });
    for await (const event of trainer) {
      logEvent(tracker, event);
      await state.follow(event);
      yield* events.splice(0);
      yield event;
      if (event.type === 'finished') outcome = event.reason === 'aborted' ? 'killed' : 'finished';
    }
  } finally {
    validation.dispose();
    tracker.logArtifact(join(directory, 'config.json'));
    await tracker.finish(outcome);
    yield* events.splice(0);
  }
}

function validationOf(
  config: Experiment,
  { dataset, split, cache, model }: Prepared,
  signal?: AbortSignal,
): Validation {
  const { training } = config;
  const entries = new Map(split.validation.map((entry) => [entry.id, entry]));
  return createValidation({
    model,
    loss: buildLoss(config.loss),
    classes: dataset.classes,
    images: split.validation.length,
    batches: () => batchesInOrder(cache, split.validation, config, signal),
    truth: (id) => dataset.readLabels(entries.get(id)!),
    normalization: normalizationOf(config.data),
    unknownClass: dataset.unknown === true ? dataset.classes.length : undefined,
    precision: training.precision,
  });
}

async function priorsOf({ dataset, split, cache }: Prepared): Promise<number[]> {
  const areas = await mapConcurrently(split.train, (entry) => cache.areas(entry));
  const { width, height } = cache.shape;
  return classPriors(areas, width * height, dataset.classes.length);
}

/** Yields what piles up while something is under way. */
async function* drain(events: ExperimentEvent[], work: Promise<unknown>): AsyncGenerator<ExperimentEvent> {
  const settled = new AbortController();
  const done = work.then(
    () => settled.abort(),
    () => settled.abort(),
  );
  while (!settled.signal.aborted) {
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 100))]);
    yield* events.splice(0);
  }
  await work;
}
