import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { PhalanxError, messageOf } from '../core/errors.ts';
import { writeFileAtomic } from '../core/atomicFile.ts';
import { describeEnvironment } from './environment.ts';

const stateSchema = z.object({
  id: z.string(),
  experiment: z.string(),
  fold: z.number(),
  /** ISO 8601. */
  created: z.string(),
  configHash: z.string(),
  /** SHA-256 of the files that the model began with, by setting; see `startingWeights`. */
  weights: z.record(z.string(), z.string()).optional(),
  status: z.enum(['running', 'finished', 'aborted', 'failed']),
  /** The process that trains, while `status` is `running`. */
  pid: z.number(),
  step: z.number(),
  steps: z.number().optional(),
  bestDice: z.number().optional(),
  bestStep: z.number().optional(),
  seconds: z.number(),
  mlflowRunId: z.string().optional(),
});

/** What changes about a run while it is trained; `run.json`. */
export type RunState = z.infer<typeof stateSchema>;

/** A run on disk: `runs/<experiment>/fold<K>/<id>/`. */
export interface Run {
  readonly directory: string;
  readonly state: RunState;
}

/**
 * Hash of a resolved configuration; equal configurations are equal experiments, whatever their files are called and
 * whatever device they are computed on.
 */
export function configHash(config: object): string {
  const experiment = { ...config, engine: undefined };
  return createHash('sha256').update(canonicalJson(experiment)).digest('hex').slice(0, 16);
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/**
 * Makes the directory of a new run and records in it the resolved configuration, the source file and the
 * environment.
 *
 * @throws PhalanxError `run/name`, `run/exists` when a run of that name exists, `run/create` when the folder cannot be
 * made or written.
 */
export async function createRun(options: {
  readonly root: string;
  readonly experiment: string;
  readonly fold: number;
  readonly id?: string;
  readonly config: object;
  readonly sourcePath: string;
  readonly weights?: Readonly<Record<string, string>>;
}): Promise<Run> {
  const created = new Date().toISOString();
  const hash = configHash(options.config);
  const id =
    options.id ?? `${created.slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}-${hash.slice(0, 6)}`;
  if (!/^\w[\w.-]{0,99}$/.test(id)) {
    throw new PhalanxError('run/name', {
      what: 'A run cannot have this name',
      expected: 'at most 100 letters, digits, dots, dashes and underscores',
      received: JSON.stringify(id),
    });
  }
  const parent = join(options.root, options.experiment, `fold${options.fold}`);
  const directory = join(parent, id);
  try {
    await mkdir(parent, { recursive: true });
    await mkdir(directory);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(directory)) {
      throw notCreated(directory, cause);
    }
    throw new PhalanxError(
      'run/exists',
      {
        what: 'A run of this name exists',
        where: directory,
        fix: 'Continue it with --resume, or give the new one another --id',
      },
      { cause },
    );
  }
  await writeFileAtomic(join(directory, 'config.json'), `${JSON.stringify(options.config, null, 2)}\n`);
  await copyFile(options.sourcePath, join(directory, 'experiment.ts')).catch((cause: unknown) => {
    throw notCreated(directory, cause);
  });
  const environment = await describeEnvironment();
  await writeFileAtomic(join(directory, 'environment.json'), `${JSON.stringify(environment, null, 2)}\n`);
  const state: RunState = {
    id,
    experiment: options.experiment,
    fold: options.fold,
    created,
    configHash: hash,
    weights: { ...options.weights },
    status: 'running',
    pid: process.pid,
    step: 0,
    seconds: 0,
  };
  await writeRunState({ directory, state });
  return { directory, state };
}

function notCreated(directory: string, cause: unknown): PhalanxError {
  return new PhalanxError(
    'run/create',
    {
      what: "The run's folder cannot be made",
      where: directory,
      received: messageOf(cause),
      fix: 'Check that there is space and that the place may be written to, or name another with --runs',
    },
    { cause },
  );
}

export async function writeRunState(run: Run): Promise<void> {
  await writeFileAtomic(join(run.directory, 'run.json'), `${JSON.stringify(run.state, null, 2)}\n`);
}

/** @throws PhalanxError `run/unreadable` when the folder holds no run. */
export async function readRun(directory: string): Promise<Run> {
  const path = join(directory, 'run.json');
  try {
    return { directory, state: stateSchema.parse(JSON.parse(await readFile(path, 'utf8'))) };
  } catch (cause) {
    throw new PhalanxError(
      'run/unreadable',
      {
        what: 'The folder is not a run',
        where: directory,
        expected: 'a run.json written by phalanx train',
        received: messageOf(cause).split('\n', 1)[0] ?? '',
        fix: 'Move the folder away if it is none',
      },
      { cause },
    );
  }
}

/**
 * One of a run's JSON files: `config.json`, `environment.json`.
 *
 * @throws PhalanxError `run/file` when it is not there or is not JSON.
 */
export async function readRunFile(run: Run, name: string): Promise<unknown> {
  const path = join(run.directory, name);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (cause) {
    throw new PhalanxError(
      'run/file',
      {
        what: 'A file of the run cannot be read',
        where: path,
        expected: 'JSON as phalanx train wrote it',
        received: messageOf(cause),
      },
      { cause },
    );
  }
}

/** True when the run says that it is running and the process that trains it is alive. */
export function isAlive({ state }: Run): boolean {
  if (state.status !== 'running') return false;
  try {
    process.kill(state.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** All runs below a folder, oldest first. */
export async function listRuns(root: string): Promise<Run[]> {
  let files: string[];
  try {
    files = await readdir(root, { recursive: true });
  } catch {
    return [];
  }
  const directories = files
    .filter((file) => file.split(sep).at(-1) === 'run.json')
    .map((file) => resolve(root, file, '..'));
  const runs = await Promise.all(directories.map(readRun));
  return runs.sort((a, b) => (a.state.created < b.state.created ? -1 : 1));
}

/**
 * Finds a run by its folder, its identifier, or its experiment (`hand-bone/unet`, or `hand-bone/unet/fold1`), of which
 * the newest is taken.
 *
 * @throws PhalanxError `run/missing`.
 */
export async function findRun(root: string, reference: string): Promise<Run> {
  const runs = await listRuns(root);
  const wanted = resolve(reference);
  const matches = runs.filter(({ directory, state }) => {
    const folder = relative(root, directory).split(sep).join('/');
    const names = [folder, state.id, state.experiment, `${state.experiment}/fold${state.fold}`];
    return directory === wanted || names.includes(reference.replace(/\/$/, ''));
  });
  const found = matches.at(-1);
  if (found !== undefined) return found;
  throw new PhalanxError('run/missing', {
    what: 'There is no such run',
    where: root,
    expected: "a run's folder, its identifier or its experiment",
    received: JSON.stringify(reference),
    fix: runs.length === 0 ? 'Train one with "phalanx train"' : '"phalanx runs list" shows those that exist',
  });
}
