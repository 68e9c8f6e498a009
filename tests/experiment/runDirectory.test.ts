import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { describeEnvironment } from '../../src/experiment/environment.ts';
import {
  configHash,
  createRun,
  findRun,
  isAlive,
  listRuns,
  readRun,
  writeRunState,
} from '../../src/experiment/runDirectory.ts';
import type { Run, RunState } from '../../src/experiment/runDirectory.ts';

let folder: string;
let root: string;
let source: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'phalanx-runs-')));
  root = join(folder, 'runs');
  source = join(folder, 'a.ts');
  await writeFile(source, 'export default {};\n');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function make(
  experiment: string,
  id: string,
  { fold = 0, config = { seed: 1 }, ...state }: Partial<RunState> & { config?: object } = {},
): Promise<Run> {
  const run = await createRun({ root, experiment, fold, id, config, sourcePath: source });
  const changed = { ...run, state: { ...run.state, ...state } };
  await writeRunState(changed);
  return changed;
}

/** A process that has ended, so its number is nobody's. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

describe('configHash', () => {
  test('is the same for the same settings in another order, and for no others', () => {
    const random = Random.from('hash');
    const hashes = new Map<string, string>();
    for (let i = 0; i < 50; i++) {
      const entries = Array.from({ length: 5 }, (_, k): [string, object] => [
        `k${k}`,
        { x: random.integer(0, 4), y: [k, i] },
      ]);
      const config = Object.fromEntries(entries);
      const shuffled = Object.fromEntries(
        random
          .shuffle(entries)
          .map(([key, value]) => [key, Object.fromEntries(Object.entries(value).reverse())]),
      );
      expect(configHash(shuffled)).toBe(configHash(config));
      expect(hashes.has(configHash(config))).toBe(false);
      hashes.set(configHash(config), JSON.stringify(config));
    }
  });

  test('heeds the order of lists, and takes a setting left out for one set to undefined', () => {
    expect(configHash({ a: [1, 2] })).not.toBe(configHash({ a: [2, 1] }));
    expect(configHash({ a: 1, b: undefined })).toBe(configHash({ a: 1 }));
  });
});

describe('createRun', () => {
  test('records settings, source and environment, and reads back', async () => {
    const run = await make('hand/a', 'first', { fold: 2, config: { seed: 5 } });
    expect(run.directory).toBe(join(root, 'hand/a/fold2/first'));
    expect(await readRun(run.directory)).toEqual(run);
    expect(JSON.parse(await readFile(join(run.directory, 'config.json'), 'utf8'))).toEqual({ seed: 5 });
    expect(await readFile(join(run.directory, 'experiment.ts'), 'utf8')).toBe('export default {};\n');
    const files = ['config.json', 'environment.json', 'experiment.ts', 'run.json'];
    expect((await readdir(run.directory)).sort()).toEqual(files);
  });

  test('never takes the folder of another run, and leaves that as it was', async () => {
    const run = await make('a', 'same');
    const before = await readFile(join(run.directory, 'run.json'), 'utf8');
    await expect(make('a', 'same', { config: { seed: 9 } })).rejects.toMatchObject({ code: 'run/exists' });
    expect(await readFile(join(run.directory, 'run.json'), 'utf8')).toBe(before);
  });

  test('of two that start at once under one name, one gets it', async () => {
    const results = await Promise.allSettled([make('a', 'same'), make('a', 'same')]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test.each(['', '.', '..', '../x', 'a/b', '/tmp/x', '.hidden', 'a b', 'x'.repeat(101), 'a\u0000b'])(
    'refuses the name %j',
    async (id) => {
      await expect(make('a', id)).rejects.toMatchObject({ code: 'run/name' });
      await expect(readdir(root)).rejects.toThrow('ENOENT');
    },
  );

  test('a place that cannot be made is named', async () => {
    await writeFile(root, 'a file where the folder should be');
    await expect(make('a', 'x')).rejects.toMatchObject({
      code: 'run/create',
      message: expect.stringContaining(root) as string,
    });
  });
});

test('isAlive: only a run whose process lives', async () => {
  expect(isAlive(await make('a', 'mine', { status: 'running', pid: process.pid }))).toBe(true);
  expect(isAlive(await make('a', 'dead', { status: 'running', pid: deadPid() }))).toBe(false);
  expect(isAlive(await make('a', 'done', { status: 'finished', pid: process.pid }))).toBe(false);
});

describe('listRuns and findRun', () => {
  test('lists what is below a folder, oldest first; a folder that is not there has none', async () => {
    expect(await listRuns(root)).toEqual([]);
    await make('b', 'two', { created: '2026-01-02T00:00:00.000Z' });
    await make('a/deep', 'one', { created: '2026-01-01T00:00:00.000Z' });
    await make('a', 'three', { created: '2026-01-03T00:00:00.000Z', fold: 1 });
    expect((await listRuns(root)).map(({ state }) => state.id)).toEqual(['one', 'two', 'three']);
  });

  test('finds a run by its folder, its identifier, its experiment and its fold, of several the newest', async () => {
    const one = await make('hand/a', 'one', { created: '2026-01-01T00:00:00.000Z' });
    const two = await make('hand/a', 'two', { created: '2026-01-02T00:00:00.000Z' });
    const other = await make('hand/a', 'other', { created: '2026-01-01T00:00:00.000Z', fold: 1 });
    const find = async (reference: string) => (await findRun(root, reference)).state.id;
    expect(await find('one')).toBe('one');
    expect(await find(one.directory)).toBe('one');
    expect(await find(`${one.directory}/`)).toBe('one');
    expect(await find('hand/a/fold0/one')).toBe('one');
    expect(await find('hand/a')).toBe(two.state.id);
    expect(await find('hand/a/fold1')).toBe(other.state.id);
  });

  test('a run that is not there is asked for, with what to do', async () => {
    await expect(findRun(root, 'x')).rejects.toThrow(/no such run \(.*received "x".*Train one/);
    await make('a', 'one');
    await expect(findRun(root, 'x')).rejects.toThrow(/runs list/);
  });

  test('a run.json that cannot be read is named, not passed over', async () => {
    const directory = join(root, 'a/fold0/broken');
    await mkdir(directory, { recursive: true });
    for (const text of ['{', 'null', '{"id": 5}', '']) {
      await writeFile(join(directory, 'run.json'), text);
      await expect(listRuns(root)).rejects.toMatchObject({
        code: 'run/unreadable',
        message: expect.stringContaining(directory) as string,
      });
    }
  });

  test('a folder that a killed process left without a run.json is no run', async () => {
    await mkdir(join(root, 'a/fold0/half'), { recursive: true });
    await writeFile(join(root, 'a/fold0/half/config.json'), '{}');
    expect(await listRuns(root)).toEqual([]);
  });
});

describe('describeEnvironment', () => {
  test('names what results and speed depend on', async () => {
    const environment = await describeEnvironment(folder);
    expect(environment).toMatchObject({
      node: process.version,
      phalanx: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    });
    expect(environment.cores).toBeGreaterThan(0);
    expect(environment.memory).toBeGreaterThan(1e8);
    expect(environment.git).toBeUndefined();
  });

  test('of a repository: the commit, and whether there is more than it holds', async () => {
    const git = (...args: string[]) => spawnSync('git', args, { cwd: folder, encoding: 'utf8' });
    if (git('init', '-q').status !== 0) return;
    git('add', '.');
    git('-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '-q', '-m', 'x');
    const commit = git('rev-parse', 'HEAD').stdout.trim();
    expect((await describeEnvironment(folder)).git).toEqual({ commit, dirty: false });
    await writeFile(source, 'changed');
    expect((await describeEnvironment(folder)).git).toEqual({ commit, dirty: true });
  });
});
