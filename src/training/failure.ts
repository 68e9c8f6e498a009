import { join } from 'node:path';
import { writeFileAtomic } from '../core/atomicFile.ts';
import { PhalanxError } from '../core/errors.ts';
import type { Batch } from '../data/batch.ts';
import type { Module } from '../nn/module.ts';
import type { HostTensor } from '../nn/safetensors/format.ts';
import { writeSafetensors } from '../nn/safetensors/write.ts';
import { saveWeights } from './checkpoint.ts';
import type { StepOutcome } from './trainStep.ts';

/** What a training run knows when a step went wrong. */
export interface Failure extends StepOutcome {
  /** 1-based. */
  readonly step: number;
  /** 0-based. */
  readonly epoch: number;
  readonly learningRate: number;
  readonly batches: readonly Batch[];
  /** Losses of the steps before, the newest last. */
  readonly recentLosses: readonly number[];
}

/** Rounding may take a loss that is 0 a little below it. */
const ROUNDING = 1e-4;

/** True where training must stop: the numbers are not finite, or a loss that cannot be negative is. */
export function isFailure({ loss, gradientNorm }: StepOutcome): boolean {
  return !Number.isFinite(loss) || !Number.isFinite(gradientNorm) || loss < -ROUNDING;
}

/**
 * Writes `failure/` into the run's directory: `failure.json` (step, losses, image names), `weights.safetensors`
 * (from before the step, when something was not finite) and `batch.safetensors` (the bytes and packed labels the
 * step was given).
 *
 * @returns The error to throw: `training/non-finite-loss` or `training/negative-loss`.
 */
export async function recordFailure(
  failure: Failure,
  model: Module,
  directory: string | undefined,
): Promise<PhalanxError> {
  const { step, epoch, loss, gradientNorm, learningRate, batches, recentLosses } = failure;
  const folder = directory === undefined ? undefined : join(directory, 'failure');
  if (folder !== undefined) {
    const ids = batches.map((batch) => batch.ids);
    const numbers = { loss: String(loss), gradientNorm: String(gradientNorm), learningRate };
    await writeFileAtomic(
      join(folder, 'failure.json'),
      `${JSON.stringify({ step, epoch, ...numbers, batches: ids, recentLosses }, null, 2)}\n`,
    );
    await saveWeights(join(folder, 'weights.safetensors'), model, { step: String(step - 1) });
    await writeSafetensors(join(folder, 'batch.safetensors'), batchTensors(batches));
  }
  const where = `step ${step} (epoch ${epoch + 1}, images ${batches.flatMap(({ ids }) => ids).join(', ')})`;
  const saved = folder === undefined ? '' : `; what led to it is in ${folder}`;
  if (loss < 0 && Number.isFinite(loss)) {
    return new PhalanxError('training/negative-loss', {
      what: 'The loss is negative, which it cannot be for targets of 0 and 1',
      where,
      expected: 'a loss of at least 0',
      received: String(loss),
      fix: `Check that the loss takes logits and that the targets are 0 or 1${saved}`,
    });
  }
  return new PhalanxError('training/non-finite-loss', {
    what: 'Training became unstable',
    where,
    expected: 'a finite loss and finite gradients',
    received: `gradient norm ${gradientNorm} and loss ${loss} at learning rate ${learningRate}`,
    fix: `Lower the learning rate, or set clipNorm${saved}`,
  });
}

function batchTensors(batches: readonly Batch[]): ReadonlyMap<string, HostTensor> {
  const tensors = new Map<string, HostTensor>();
  for (const [index, { images, imageShape, labels, labelShape, shares }] of batches.entries()) {
    tensors.set(`${index}.images`, { dtype: 'U8', shape: imageShape, data: images });
    tensors.set(`${index}.labels`, { dtype: 'I32', shape: labelShape, data: labels });
    if (shares !== undefined) {
      tensors.set(`${index}.shares`, { dtype: 'F32', shape: [shares.length], data: shares });
    }
  }
  return tensors;
}
