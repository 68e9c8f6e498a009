import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import { precisionWarning } from '../engine/precision.ts';
import { startedEngine } from '../engine/running.ts';
import { setOutputPrior } from '../models/outputPrior.ts';
import { checkpointPath, loadResume, saveResume, saveWeights } from './checkpoint.ts';
import type { Progress } from './checkpoint.ts';
import type { TraceReport } from '../engine/compile.ts';
import type { TrainingEvent } from './events.ts';
import { planRun, resumeSettings } from './options.ts';
import type { Plan, TrainOptions } from './options.ts';
import { buildOptimizer } from './optimizers/build.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import { buildSchedule } from './schedules.ts';
import { runSteps } from './steps.ts';
import type { StepRunner } from './steps.ts';
import { createTrainStep } from './trainStep.ts';
import type { ValidationResult } from './validation.ts';

/**
 * Trains a model and tells what happens as it happens; the run goes on as events are taken, and leaving the loop
 * stops it cleanly. Ends with `finished`.
 *
 * @throws PhalanxError `training/non-finite-loss` and `training/negative-loss` (what led to it is saved),
 *   `training/run-exists`, `training/resume-corrupt`, `training/resume-settings`, `training/length`, and whatever the
 *   batches or the validation throw.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainingEvent> {
  const started = performance.now();
  const plan = planRun(options);
  const run = await prepare(options, plan);
  try {
    const { step: resumedFrom } = run.progress;
    const { totalSteps: steps, epochs } = plan;
    const warning = precisionWarning(options.precision ?? 'auto', startedEngine().info);
    if (warning !== undefined) yield { type: 'warning', message: warning };
    yield { type: 'started', steps, epochs, parameters: options.model.parameterCount, resumedFrom };
    const reason = yield* work(run);
    const { step, bestDice } = run.progress;
    const seconds = (performance.now() - started) / 1000;
    yield { type: 'finished', reason, step, ...(bestDice === undefined ? {} : { bestDice }), seconds };
  } finally {
    run.trainStep.dispose();
    run.optimizer.dispose();
  }
}

interface Run extends StepRunner {
  readonly optimizer: Optimizer;
  readonly progress: Progress;
  /** Traces that are not told yet. */
  readonly traced: TraceReport[];
  /** When the last checkpoint was written, or the run begun; of `performance.now()`. */
  savedAt: number;
}

/** Short epochs are not worth a checkpoint each: one a minute costs little, and little is lost with it. */
const CHECKPOINT_SECONDS = 60;

async function prepare(options: TrainOptions, plan: Plan): Promise<Run> {
  const { model, directory, resume = false } = options;
  const checkpoints = checkpointDirectory(options);
  if (!resume && checkpoints !== undefined && existsSync(checkpointPath(checkpoints, 'resume'))) {
    throw new PhalanxError('training/run-exists', {
      what: 'There is a training run already',
      where: directory!,
      fix: 'Resume it, or choose another directory',
    });
  }
  const schedule = buildSchedule(options.schedule, {
    learningRate: options.optimizer.learningRate,
    totalSteps: plan.totalSteps,
  });
  const parameters = [...model.namedParameters()].map(([name, { variable }]) => ({ name, variable }));
  const optimizer = buildOptimizer(options.optimizer, parameters);
  try {
    if (options.priors !== undefined) setOutputPrior(model, options.priors);
    const settings = resumeSettings(options, plan);
    const saved =
      resume && checkpoints !== undefined
        ? await loadResume(checkpoints, model, optimizer, settings)
        : undefined;
    const traced: TraceReport[] = [];
    const trainStep = createTrainStep({
      model,
      optimizer,
      parameters,
      loss: options.loss,
      normalization: options.normalization,
      unknownClass: options.unknownClass,
      precision: options.precision ?? 'auto',
      clipNorm: options.clipNorm,
      accumulate: options.accumulate ?? 1,
      auxiliaryWeight: options.auxiliaryWeight ?? 0.5,
      gradientCheckpointing: options.gradientCheckpointing,
      batchAugmentation: options.batchAugmentation,
      onTrace: (report) => traced.push(report),
    });
    const progress = saved ?? { step: 0, validated: 0, stale: 0, settings };
    return {
      options,
      plan,
      trainStep,
      optimizer,
      schedule,
      recentLosses: [],
      progress,
      traced,
      savedAt: performance.now(),
    };
  } catch (error) {
    optimizer.dispose();
    throw error;
  }
}

type Reason = (TrainingEvent & { type: 'finished' })['reason'];

/** Alternates between steps and what is due after them, until one of the reasons to stop. */
async function* work(run: Run): AsyncGenerator<TrainingEvent, Reason> {
  const { options, plan, progress } = run;
  for (;;) {
    if (validationIsDue(run) && !isAborted(options)) {
      yield* validate(run);
      yield* save(run);
    }
    if (progress.step === plan.totalSteps && !validationIsDue(run)) return 'completed';
    if (isAborted(options)) return 'aborted';
    if (options.patience !== undefined && progress.stale >= options.patience) return 'early-stop';

    const epoch = Math.floor(progress.step / plan.stepsPerEpoch);
    for await (const event of runSteps(run, epoch, progress.step, nextStop(run, epoch))) {
      progress.step = event.step;
      yield* traces(run);
      yield event;
    }
    if (checkpointIsDue(run)) yield* save(run);
  }
}

/** The step after which a checkpoint or the end of the epoch or run interrupts training. */
function nextStop({ options, plan, progress }: Run, epoch: number): number {
  const { stepsPerEpoch, totalSteps } = plan;
  const every = options.checkpointEvery ?? stepsPerEpoch;
  const checkpoint = (Math.floor(progress.step / every) + 1) * every;
  return Math.min(checkpoint, (epoch + 1) * stepsPerEpoch, totalSteps);
}

/** After steps; a validation is followed by a checkpoint of its own. */
function checkpointIsDue(run: Run): boolean {
  const { options, plan, progress } = run;
  if (isAborted(options)) return true;
  if (progress.step === plan.totalSteps && !validationIsDue(run)) return true;
  if (options.checkpointEvery !== undefined) return progress.step % options.checkpointEvery === 0;
  return performance.now() - run.savedAt > 1000 * CHECKPOINT_SECONDS;
}

function validationIsDue({ options, plan, progress }: Run): boolean {
  const { step, validated } = progress;
  if (options.validation === undefined || validated === step) return false;
  if (step === plan.totalSteps) return true;
  return step % (plan.stepsPerEpoch * (options.validateEvery ?? 1)) === 0;
}

/** Tells what has been traced since the last time. */
function* traces({ traced }: Run): Generator<TrainingEvent> {
  for (const { name, ...report } of traced.splice(0)) yield { type: 'trace', function: name, ...report };
}

/** Validates, and keeps the weights if they are the best; leaves `validated` as it was when aborted meanwhile. */
async function* validate(run: Run): AsyncGenerator<TrainingEvent> {
  const { options, plan, progress } = run;
  const { validation, model } = options;
  if (validation === undefined) return;
  const started = performance.now();
  const running = validation.run({ signal: options.signal, onTrace: (report) => run.traced.push(report) });
  let result: ValidationResult | undefined;
  try {
    while (result === undefined) {
      const next = await running.next();
      yield* traces(run);
      if (next.done === true) result = next.value;
      else {
        yield { type: 'validation-progress', ...next.value };
        if (isAborted(options)) return;
      }
    }
  } catch (error) {
    // Whatever an abort breaks off; the run still ends with its checkpoint.
    if (isAborted(options)) return;
    throw error;
  } finally {
    await running.return(undefined as never);
  }
  const { loss, meanDice, perClass } = result;
  const { step } = progress;
  const epoch = Math.ceil(step / plan.stepsPerEpoch) - 1;
  const best = progress.bestDice === undefined || meanDice > progress.bestDice;
  progress.validated = step;
  progress.stale = best ? 0 : progress.stale + 1;
  const seconds = (performance.now() - started) / 1000;
  yield { type: 'validation', step, epoch, loss, meanDice, perClass, seconds, best };
  if (!best) return;
  progress.bestDice = meanDice;
  const checkpoints = checkpointDirectory(options);
  if (checkpoints === undefined) return;
  const path = checkpointPath(checkpoints, 'best');
  await saveWeights(path, model, { step: String(step), epoch: String(epoch), meanDice: String(meanDice) });
  yield { type: 'checkpoint', step, path, kind: 'best' };
}

/** Writes everything a resumed run needs, then the weights alone. */
async function* save(run: Run): AsyncGenerator<TrainingEvent> {
  const { options, optimizer, progress } = run;
  const checkpoints = checkpointDirectory(options);
  if (checkpoints === undefined) return;
  const path = checkpointPath(checkpoints, 'last');
  await saveResume(checkpoints, options.model, optimizer, progress);
  await saveWeights(path, options.model, { step: String(progress.step) });
  run.savedAt = performance.now();
  yield { type: 'checkpoint', step: progress.step, path, kind: 'last' };
}

function isAborted({ signal }: TrainOptions): boolean {
  return signal?.aborted ?? false;
}

function checkpointDirectory({ directory }: TrainOptions): string | undefined {
  return directory === undefined ? undefined : join(directory, 'checkpoints');
}
