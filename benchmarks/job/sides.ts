import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJsonLines } from '../../src/tracking/jsonLines.ts';
import { MARK } from '../contender.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import { jobExperiment, jobSubmission, phalanxProgram, setFlags } from './material.ts';
import type { Material } from './material.ts';
import { runStage } from './stage.ts';

export const parts = ['data', 'train', 'validate', 'predict'] as const;
export type Part = (typeof parts)[number];

/** One side's job from the files of the dataset to its CSV. */
export interface Job {
  readonly name: string;
  /** From the first process' start to the last one's end. */
  readonly seconds: number;
  readonly parts: Readonly<Record<Part, number>>;
  /** Of all processes together. */
  readonly peakBytes: number;
  /** Of the people held out, as the side itself computed it. */
  readonly validationDice: number;
  readonly submission: string;
}

/** As a user would run it: three commands. */
export async function oursJob(
  cwd: string,
  { data, weights }: Material,
  steps: number,
  precision: string,
): Promise<Job> {
  await mkdir(cwd);
  const phalanx = (...parameters: string[]) => {
    return runStage(process.execPath, [phalanxProgram, ...parameters], { cwd });
  };
  const set = setFlags({
    'data.root': data,
    'model.weights': weights,
    'training.length': { steps },
    'training.precision': precision,
  });
  const started = performance.now();
  const prepared = await phalanx('data', 'prepare', jobExperiment, ...set);
  const trained = await phalanx('train', jobExperiment, '--id', 'job', ...set);
  const predicted = await phalanx('ensemble', jobSubmission);
  const seconds = (performance.now() - started) / 1000;
  const { dice, validate } = await validationOf(join(cwd, 'runs', 'unet', 'fold0', 'job'));
  return {
    name: 'Phalanx',
    seconds,
    parts: {
      data: prepared.seconds,
      train: trained.seconds - validate,
      validate,
      predict: predicted.seconds,
    },
    peakBytes: Math.max(prepared.peakBytes, trained.peakBytes, predicted.peakBytes),
    validationDice: dice,
    submission: join(cwd, 'submissions', 'phalanx.csv'),
  };
}

/** The last validation, from the run's record: it begins where the last step ended. */
async function validationOf(run: string): Promise<{ dice: number; validate: number }> {
  let stepped = 0;
  let last: { dice: number; validate: number } | undefined;
  for await (const record of readJsonLines(join(run, 'metrics.jsonl'))) {
    if (record.type !== 'metrics') continue;
    const dice = record.values['val/dice'];
    if (dice === undefined) stepped = record.time;
    else last = { dice, validate: (record.time - stepped) / 1000 };
  }
  if (last === undefined) throw new Error(`${run} was never validated`);
  return last;
}

/** As a user would run it: one script. */
export async function peerJob(
  cwd: string,
  { data, weights, validationPeople }: Material,
  steps: number,
  precision: string,
  peers: PeerEnvironment,
): Promise<Job> {
  await mkdir(cwd);
  const script = fileURLToPath(new URL('peer.py', import.meta.url));
  const stage = await runStage(
    peers.python,
    [
      script,
      ...['--data', data, '--weights', weights, '--steps', String(steps), '--out', cwd],
      ...['--validate', ...validationPeople],
      ...(precision === 'bfloat16' ? ['--bfloat16'] : []),
    ],
    { cwd },
  );
  const told = new Map<string, { seconds: number; result: unknown }>();
  for (const line of stage.lines.filter((text) => text.startsWith(MARK))) {
    const { part, ...rest } = JSON.parse(line.slice(MARK.length)) as {
      part: string;
      seconds: number;
      result: unknown;
    };
    told.set(part, rest);
  }
  const [train, validate, predict] = ['train', 'validate', 'predict'].map(
    (part) => told.get(part)?.seconds ?? Number.NaN,
  ) as [number, number, number];
  return {
    name: 'PyTorch, SMP, albumentations',
    seconds: stage.seconds,
    parts: { data: stage.seconds - train - validate - predict, train, validate, predict },
    peakBytes: stage.peakBytes,
    validationDice: Number(told.get('validate')?.result),
    submission: join(cwd, 'pytorch.csv'),
  };
}
