import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { PhalanxError, messageOf } from '../core/errors.ts';
import type { Module } from '../nn/module.ts';
import type { HostTensor, StateDict } from '../nn/safetensors/format.ts';
import { toFloat32 } from '../nn/safetensors/floats.ts';
import { readSafetensors } from '../nn/safetensors/read.ts';
import { writeSafetensors } from '../nn/safetensors/write.ts';
import { loadStateDict, stateDict } from '../nn/stateDict.ts';
import type { Optimizer } from './optimizers/optimizer.ts';

/** `last` and `best` hold weights alone and load into PyTorch; `resume` holds all that training goes on from. */
const fileNames = {
  last: 'last.safetensors',
  best: 'best.safetensors',
  resume: 'resume.safetensors',
} as const;

/** Where a run's checkpoint of one kind lies inside its checkpoint directory. */
export function checkpointPath(directory: string, kind: keyof typeof fileNames): string {
  return join(directory, fileNames[kind]);
}

const progressSchema = z.strictObject({
  version: z.literal(1),
  /** Updates done. */
  step: z.int().nonnegative(),
  /** The step that was validated last; 0 before the first. */
  validated: z.int().nonnegative(),
  bestDice: z.number().optional(),
  /** Validations since the best one. */
  stale: z.int().nonnegative(),
  /** What a resumed run must share with the interrupted one for the two to be one run. */
  settings: z.record(z.string(), z.json()),
});

/** How far a run has come. Random streams are named by seed and step, so these two are their position. */
export type Progress = Omit<z.output<typeof progressSchema>, 'version'>;

/** Writes the weights under PyTorch's names, with the step they are from and any score in the file's metadata. */
export async function saveWeights(
  path: string,
  model: Module,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  await writeSafetensors(path, stateDict(model), { format: 'pt', ...metadata });
}

/**
 * Writes weights, optimizer state and progress into one file, replaced in one rename: whatever moment a crash
 * picks, there is one whole state to resume from. Optimizer state keeps the engine's layout.
 */
export async function saveResume(
  directory: string,
  model: Module,
  optimizer: Optimizer,
  progress: Progress,
): Promise<void> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, tensor] of stateDict(model)) tensors.set(`model.${name}`, tensor);
  for (const [name, variable] of optimizer.state) {
    tensors.set(`optimizer.${name}`, {
      dtype: 'F32',
      shape: variable.shape,
      data: Float32Array.from(variable.dataSync()),
    });
  }
  await writeSafetensors(checkpointPath(directory, 'resume'), tensors, {
    progress: JSON.stringify({ version: 1, ...progress }),
    crc32: checksum(tensors),
  });
}

/**
 * Loads what `saveResume` wrote into model and optimizer.
 *
 * @param settings Of the run that wants to continue.
 * @returns undefined when there is nothing to resume from.
 * @throws PhalanxError `training/resume-corrupt` when the file is damaged, `training/resume-settings` when it was
 *   written by a run with other settings; neither model nor optimizer is touched then.
 */
export async function loadResume(
  directory: string,
  model: Module,
  optimizer: Optimizer,
  settings: Progress['settings'],
): Promise<Progress | undefined> {
  const path = checkpointPath(directory, 'resume');
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = await readSafetensors(path);
  const progress = parseProgress(metadata['progress'], path);
  if (metadata['crc32'] !== checksum(tensors)) throw corrupt(path, 'a checksum that agrees with the content');
  refuseOtherSettings(progress.settings, settings, path);

  const states = [...optimizer.state].map(([name, variable]) => {
    const tensor = tensors.get(`optimizer.${name}`);
    if (tensor === undefined || tensor.shape.join() !== variable.shape.join()) {
      throw corrupt(path, `the optimizer's ${name} of shape [${variable.shape.join(', ')}]`);
    }
    return [variable, tensor] as const;
  });
  loadStateDict(model, withPrefix(tensors, 'model.'), path);
  for (const [variable, tensor] of states) {
    const value = tf.tensor(toFloat32(tensor), variable.shape);
    variable.assign(value);
    value.dispose();
  }
  return progress;
}

function parseProgress(text: string | undefined, path: string): Progress {
  try {
    return progressSchema.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    throw corrupt(path, 'the progress of a training run in its metadata', cause);
  }
}

function withPrefix(tensors: StateDict, prefix: string): StateDict {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

function checksum(tensors: StateDict): string {
  let crc = 0;
  for (const name of [...tensors.keys()].sort()) {
    const { data } = tensors.get(name)!;
    crc = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), crc);
  }
  return crc.toString(16);
}

function refuseOtherSettings(written: Progress['settings'], own: Progress['settings'], path: string): void {
  const show = (settings: Progress['settings'], key: string): string => JSON.stringify(settings[key] ?? null);
  const differing = Object.keys({ ...written, ...own }).filter(
    (key) => show(written, key) !== show(own, key),
  );
  if (differing.length === 0) return;
  throw new PhalanxError('training/resume-settings', {
    what: 'The interrupted run was trained with other settings, so continuing it would be neither run',
    where: path,
    expected: differing.map((key) => `${key} ${show(written, key)}`).join(', '),
    received: differing.map((key) => `${key} ${show(own, key)}`).join(', '),
    fix: 'Resume with the settings of the interrupted run, or start a new run',
  });
}

function corrupt(path: string, expected: string, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'training/resume-corrupt',
    {
      what: 'Training cannot resume, because the checkpoint is damaged or not one of Phalanx',
      where: path,
      expected,
      ...(cause === undefined ? {} : { received: messageOf(cause) }),
      fix: 'Restore the file from a copy, or delete it and start the run again',
    },
    { cause },
  );
}
