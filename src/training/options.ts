import { PhalanxError } from '../core/errors.ts';
import type { Batch } from '../data/batch.ts';
import type { Precision } from '../engine/precision.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import type { Loss } from '../objectives/losses/loss.ts';
import type { BatchAugmentation } from './batchAugmentation.ts';
import type { Normalization } from './normalization.ts';
import type { OptimizerSpec } from './optimizers/build.ts';
import type { ScheduleSpec } from './schedules.ts';
import type { Validation } from './validation.ts';

/**
 * What is computed again in the backward pass instead of being kept for it. `encoder`: the inside of each stage of the
 * encoder, from the stage's input.
 */
export type GradientCheckpointing = 'none' | 'encoder';

export interface TrainOptions {
  /** With its first values; training changes it in place. */
  readonly model: SegmentationModel;
  readonly loss: Loss;
  readonly optimizer: OptimizerSpec;
  readonly schedule: ScheduleSpec;
  /**
   * The batches of an epoch (0-based) from its `startBatch`-th on; the same pixels whenever asked again. All of one
   * size: a smaller last batch is left out.
   */
  readonly batches: (epoch: number, startBatch: number) => AsyncIterable<Batch>;
  /** Whole batches in an epoch. */
  readonly batchesPerEpoch: number;
  readonly length: { readonly epochs: number } | { readonly steps: number };
  readonly validation?: Validation | undefined;
  /** Epochs between validations; the end of the run is always validated. Default 1. */
  readonly validateEvery?: number;
  /** Default `auto`. */
  readonly precision?: Precision;
  readonly normalization: Normalization;
  /** The class of the batches' labels that says which pixels are unknown: the number of the model's classes. Default none. */
  readonly unknownClass?: number | undefined;
  /** Largest global norm of the gradients. */
  readonly clipNorm?: number | undefined;
  /** Batches per update. Default 1. */
  readonly accumulate?: number;
  /** Factor of an auxiliary head's loss, of models that do not give it themselves. Default 0.5, as in torchvision's references. */
  readonly auxiliaryWeight?: number;
  /** Default `none`. */
  readonly gradientCheckpointing?: GradientCheckpointing | undefined;
  /** What the engine does to every batch before the forward pass. Default: nothing. */
  readonly batchAugmentation?: BatchAugmentation | undefined;
  readonly seed: number;
  /** Share of foreground pixels of each class; a fresh run starts its output biases there. See `classPriors`. */
  readonly priors?: readonly number[] | undefined;
  /** Where `checkpoints/` and, when something goes wrong, `failure/` are written. Left out: nowhere. */
  readonly directory?: string | undefined;
  /** Go on from the checkpoint in `directory`, if there is one. Default false. */
  readonly resume?: boolean;
  /**
   * Updates between two checkpoints. Left out: at the end of an epoch, if a minute has passed since the last one. A
   * validation, the end of the run and a stop always have one.
   */
  readonly checkpointEvery?: number | undefined;
  /** Validations without a better Dice after which training stops. */
  readonly patience?: number | undefined;
  /** Stops after the step that is running, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** Lengths in updates. */
export interface Plan {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly epochs: number;
}

/** @throws PhalanxError `training/length` when there is not a single whole update in an epoch or in the run. */
export function planRun({ batchesPerEpoch, length, accumulate = 1 }: TrainOptions): Plan {
  const stepsPerEpoch = Math.floor(batchesPerEpoch / accumulate);
  if (!(stepsPerEpoch >= 1)) {
    throw new PhalanxError('training/length', {
      what: 'An epoch is too short for one update',
      expected: `at least ${accumulate} whole ${accumulate === 1 ? 'batch' : 'batches'} per epoch`,
      received: `${batchesPerEpoch}`,
      fix: 'Use a smaller batch size or accumulate fewer batches',
    });
  }
  const totalSteps = 'steps' in length ? length.steps : length.epochs * stepsPerEpoch;
  if (!Number.isSafeInteger(totalSteps) || totalSteps < 1) {
    throw new PhalanxError('training/length', {
      what: 'The run has no whole number of steps',
      expected: 'at least 1 step or epoch',
      received: JSON.stringify(length),
    });
  }
  return { stepsPerEpoch, totalSteps, epochs: Math.ceil(totalSteps / stepsPerEpoch) };
}

/** What an interrupted run and the one that continues it must have in common. */
export function resumeSettings(options: TrainOptions, plan: Plan): Record<string, Json> {
  const { optimizer, schedule, seed, accumulate = 1, clipNorm, precision = 'auto', normalization } = options;
  const { batchAugmentation } = options;
  const { stepsPerEpoch, totalSteps } = plan;
  const settings = {
    optimizer,
    schedule,
    seed,
    accumulate,
    clipNorm,
    precision,
    normalization,
    batchAugmentation,
  };
  return JSON.parse(JSON.stringify({ ...settings, stepsPerEpoch, totalSteps })) as Record<string, Json>;
}

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
