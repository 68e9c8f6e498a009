import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRun } from '../../src/experiment/openRun.ts';
import { writeRunState } from '../../src/experiment/runDirectory.ts';
import type { RunState } from '../../src/experiment/runDirectory.ts';
import { experimentSchema } from '../../src/experiment/schema.ts';
import { startingWeights } from '../../src/experiment/startingWeights.ts';
import { minimal } from './declarations.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phalanx-open-'));
  await writeFile(join(folder, 'a.ts'), 'export default {};\n');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function experiment(seed = 0, name = 'a') {
  return { name, path: join(folder, 'a.ts'), config: experimentSchema.parse({ ...minimal, seed }) };
}

const open = (options: Partial<Parameters<typeof openRun>[0]> = {}) =>
  openRun({ experiment: experiment(), fold: 0, runs: join(folder, 'runs'), ...options });

async function make(id: string, state: Partial<RunState>, options: Parameters<typeof open>[0] = {}) {
  const { run } = await open({ id, ...options });
  await writeRunState({ ...run, state: { ...run.state, ...state } });
}

/** A process that has ended, so its number is nobody's. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

test('the newest unfinished run of the same experiment, settings and fold is continued', async () => {
  await make('old', { status: 'aborted', created: '2026-01-01T00:00:00.000Z' });
  await make('killed', { status: 'running', pid: deadPid(), created: '2026-01-02T00:00:00.000Z' });
  await make('done', { status: 'finished', created: '2026-01-03T00:00:00.000Z' });
  await make('other-fold', { status: 'aborted', created: '2026-01-04T00:00:00.000Z' }, { fold: 1 });
  await make(
    'other-seed',
    { status: 'failed', created: '2026-01-05T00:00:00.000Z' },
    { experiment: experiment(5) },
  );
  const named = { experiment: experiment(0, 'b') };
  await make('other-name', { status: 'aborted', created: '2026-01-06T00:00:00.000Z' }, named);
  expect((await open({ resume: true })).run.state.id).toBe('killed');
  expect((await open({ resume: true, id: 'old' })).run.state.id).toBe('old');
  await expect(open({ resume: true, id: 'done' })).rejects.toMatchObject({ code: 'run/nothing-to-resume' });
});

test('a run begun before an option was there is continued where the option is at its default', async () => {
  await make('older', { status: 'aborted', configHash: '0123456789abcdef' });
  const path = join(folder, 'runs/a/fold0/older/config.json');
  const { training, ...config } = JSON.parse(await readFile(path, 'utf8')) as ReturnType<
    typeof experiment
  >['config'];
  const { gradientCheckpointing, ...older } = training;
  await writeFile(path, JSON.stringify({ ...config, training: older }));
  expect(gradientCheckpointing).toBe('none');
  expect((await open({ resume: true })).run.state.id).toBe('older');
  await writeFile(
    path,
    JSON.stringify({ ...config, training: { ...older, gradientCheckpointing: 'encoder' } }),
  );
  await expect(open({ resume: true })).rejects.toMatchObject({ code: 'run/nothing-to-resume' });
});

test('nothing to continue is an error that says what to do', async () => {
  await expect(open({ resume: true })).rejects.toThrow(
    /no unfinished run to resume \(.*fold0.*Leave out --resume/,
  );
});

test('an unfinished run of other settings is pointed at', async () => {
  await make('before', { status: 'aborted' });
  await expect(open({ resume: true, experiment: experiment(9) })).rejects.toThrow(
    /expected the settings of before, which are in its config.json, received other settings/,
  );
});

test('a run that another process trains is left to it', async () => {
  await make('busy', { status: 'running', pid: process.ppid });
  await expect(open({ resume: true })).rejects.toMatchObject({ code: 'run/in-use' });
});

test('a new run tells which runs had the same settings', async () => {
  await make('one', { status: 'finished' });
  await make('two', { status: 'finished' }, { experiment: experiment(9) });
  expect((await open()).twins.map(({ state }) => state.id)).toEqual(['one']);
});

test('a run is continued with the weights that it started from, and with no others of the same name', async () => {
  const path = join(folder, 'first.safetensors');
  const model = { ...minimal.model, weights: path };
  const config = experimentSchema.parse({ ...minimal, model });
  const declared = { name: 'a', path: join(folder, 'a.ts'), config };
  await writeFile(path, 'one');
  const weights = await startingWeights(config.model);
  // Of the three bytes, by sha256sum.
  expect(weights).toEqual({
    'model.weights': '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed',
  });
  await make('begun', { status: 'aborted' }, { experiment: declared, weights });
  const resumed = await open({ resume: true, experiment: declared, weights });
  expect(resumed.run.state).toMatchObject({ id: 'begun', weights });
  expect((await open({ experiment: declared, weights })).twins).toHaveLength(1);

  await writeFile(path, 'two');
  const changed = await startingWeights(config.model);
  await expect(
    open({ resume: true, id: 'begun', experiment: declared, weights: changed }),
  ).rejects.toMatchObject({
    code: 'run/other-weights',
    message: expect.stringContaining(`SHA-256 ${weights['model.weights']!}`) as string,
  });
  expect((await open({ experiment: declared, weights: changed, id: 'new' })).twins).toEqual([]);

  await make('older', { status: 'aborted', weights: undefined }, { experiment: declared });
  expect(
    (await open({ resume: true, id: 'older', experiment: declared, weights: changed })).run.state.id,
  ).toBe('older');
  await rm(path);
  await expect(startingWeights(config.model)).rejects.toMatchObject({ code: 'safetensors/open' });
});

test('an encoder without weights is the experiment it was before encoders could have any', () => {
  const { encoder } = experiment().config.model;
  expect(encoder).toEqual({ name: 'resnet18', depth: 5 });
});
