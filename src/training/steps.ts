import { PhalanxError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { releaseBatch } from '../data/batch.ts';
import type { Batch } from '../data/batch.ts';
import type { TrainingEvent } from './events.ts';
import { isFailure, recordFailure } from './failure.ts';
import type { Plan, TrainOptions } from './options.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import type { Schedule } from './schedules.ts';
import type { StepOutcome, TrainStep } from './trainStep.ts';

/** How many losses a failure report looks back. */
const REMEMBERED = 100;

export interface StepRunner {
  readonly options: TrainOptions;
  readonly plan: Plan;
  readonly trainStep: TrainStep;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Losses of the latest steps, the newest last. */
  readonly recentLosses: number[];
}

interface Running {
  readonly step: number;
  readonly learningRate: number;
  readonly batches: readonly Batch[];
  readonly outcome: Promise<StepOutcome>;
}

/**
 * Runs updates `from + 1` to `to`, which lie in one epoch, and yields one event for each. While the engine works on
 * one update the next batch is awaited. When an event has been yielded nothing is running, unless `to` is not yet
 * reached.
 *
 * Stops early, after the running update, when the run's signal is aborted.
 */
export async function* runSteps(
  runner: StepRunner,
  epoch: number,
  from: number,
  to: number,
): AsyncGenerator<TrainingEvent & { type: 'step' }> {
  const { options, plan } = runner;
  const { accumulate = 1, signal } = options;
  const startBatch = (from - epoch * plan.stepsPerEpoch) * accumulate;
  const iterator = options.batches(epoch, startBatch)[Symbol.asyncIterator]();
  let running: Running | undefined;
  let lastEnd = performance.now();

  const settle = async (current: Running): Promise<TrainingEvent & { type: 'step' }> => {
    const { loss, gradientNorm } = await current.outcome;
    const { step, learningRate, batches } = current;
    const { recentLosses } = runner;
    if (isFailure({ loss, gradientNorm })) {
      const failure = { step, epoch, loss, gradientNorm, learningRate, batches, recentLosses };
      throw await recordFailure(failure, options.model, options.directory);
    }
    for (const batch of batches) releaseBatch(batch);
    recentLosses.push(loss);
    if (recentLosses.length > REMEMBERED) recentLosses.shift();
    const end = performance.now();
    const seconds = (end - lastEnd) / 1000;
    lastEnd = end;
    const samples = batches.reduce((sum, { ids }) => sum + ids.length, 0);
    const rates = { learningRate, seconds, samplesPerSecond: samples / seconds };
    return { type: 'step', step, epoch, loss, gradientNorm, ...rates };
  };

  try {
    for (let step = from + 1; step <= to && signal?.aborted !== true; step++) {
      const batches = await nextBatches(iterator, accumulate, signal);
      if (batches === undefined) break;
      const finished = running === undefined ? undefined : await settle(running);
      running = start(runner, step, batches);
      if (finished !== undefined) yield finished;
    }
    if (running !== undefined) {
      const last = running;
      running = undefined;
      yield await settle(last);
    }
  } finally {
    // The engine must be at rest before anybody frees or saves what it works on.
    await running?.outcome.catch(() => undefined);
    await iterator.return?.();
  }
}

function start(runner: StepRunner, step: number, batches: readonly Batch[]): Running {
  const rates = runner.schedule(step - 1);
  const random = Random.from(runner.options.seed, 'step', step);
  const seed = Int32Array.of(random.bits() | 0, random.bits() | 0);
  const outcome = runner.trainStep.run(batches, runner.optimizer.hyperparameters(step, rates), seed);
  // Awaited later; until then a rejection must not count as unhandled.
  outcome.catch(() => undefined);
  return { step, learningRate: rates.learningRate, batches, outcome };
}

/** @returns undefined when the signal was aborted meanwhile. */
async function nextBatches(
  iterator: AsyncIterator<Batch>,
  count: number,
  signal: AbortSignal | undefined,
): Promise<readonly Batch[] | undefined> {
  const batches: Batch[] = [];
  while (batches.length < count) {
    let next: IteratorResult<Batch>;
    try {
      next = await iterator.next();
    } catch (error) {
      if (signal?.aborted === true) return undefined;
      throw error;
    }
    if (signal?.aborted === true) return undefined;
    if (next.done === true) {
      throw new PhalanxError('training/batches', {
        what: 'The epoch ended before its last batch',
        expected: 'as many whole batches as batchesPerEpoch says',
        fix: 'Count only whole batches',
      });
    }
    batches.push(next.value);
  }
  return batches;
}
