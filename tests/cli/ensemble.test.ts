import { copyFile, cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SubmissionManifest } from '../../src/inference/ensemble/manifest.ts';
import { json, phalanxHere, sentence, tiny, writeDeclaration } from './phalanx.ts';

let cwd: string;
const made = ['runs', 'submissions'];
const csv = 'submissions/ens.csv';
const manifest = 'submissions/ens.manifest.json';
const decisions = 'submissions/ens.decisions.json';

const ensemble = (...args: string[]) => phalanxHere(['ensemble', ...args], cwd);
const refused = async (...args: string[]): Promise<string> => sentence(await ensemble(...args));
const read = (path: string): Promise<Buffer> => readFile(join(cwd, path));
const readManifest = async (): Promise<SubmissionManifest> =>
  JSON.parse(String(await read(manifest))) as SubmissionManifest;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-ensemble-'));
  const options = ['--people', '6', '--test', '1', '--size', '128', '--json'];
  json(await phalanxHere(['data', 'phantom', 'data', ...options], cwd));
  const training = { ...tiny.training, length: { steps: 1 } };
  const data = { ...tiny.data, folds: { count: 2, stratify: 'none' } };
  for (const [name, seed] of [
    ['a', 1],
    ['b', 2],
  ] as const) {
    await writeDeclaration(cwd, name, { ...tiny, data, training, seed });
    for (const fold of ['0', '1']) {
      json(await phalanxHere(['train', name, '--fold', fold, '--id', `${name}${fold}`, '--json'], cwd));
    }
  }
  const members = ['a0', 'a1', 'b0', 'b1'].map((run) => ({ run }));
  await writeDeclaration(cwd, 'ens', { output: 'ens', members, tta: 'none' });
  await writeDeclaration(cwd, 'outer', {
    output: 'outer',
    combine: 'vote',
    members: [{ ensemble: 'inner' }, { run: 'b0' }],
    tta: 'none',
  });
  const postProcess = { Radius: { largest: 1 } };
  await writeDeclaration(cwd, 'inner', {
    output: 'inner',
    members: [{ run: 'a0' }],
    tta: 'none',
    postProcess,
  });
  const { code, err } = await ensemble(
    'ens',
    '--search',
    '--set',
    'weights.search.methods=["greedy"]',
    '--set',
    'weights.search.perClass=false',
  );
  expect(code, err).toBe(0);
  expect(err).toMatch(/Weights in the order a, b[^]*carried over[^]*mean[^]*Searched on/);
  for (const name of made) await cp(join(cwd, name), join(cwd, 'whole', name), { recursive: true });
}, 120_000);
beforeEach(async () => {
  for (const name of made) {
    await rm(join(cwd, name), { recursive: true });
    await cp(join(cwd, 'whole', name), join(cwd, name), { recursive: true });
  }
});
afterAll(() => rm(cwd, { recursive: true }));

describe('ensemble --search', () => {
  test('leaves decisions that make the same submission', async () => {
    const before = await read(csv);
    expect(await refused('ens', '--decisions', decisions)).toMatch(/exists already.*--force/);
    const { code, err } = await ensemble('ens', '--decisions', decisions, '--force', '--json');
    expect(code, err).toBe(0);
    expect(await read(csv)).toEqual(before);
    expect(await readManifest()).toMatchObject({ decisions: { file: 'ens.decisions.json' } });
  });

  test('does not replace the decisions of an earlier search unless told to', async () => {
    await rm(join(cwd, csv));
    expect(await refused('ens', '--search')).toMatch(/decisions .* exist already.*--force/);
  });

  test.each([
    ['with --decisions', ['ens', '--search', '--decisions', decisions], /--search and --decisions/],
    [
      'of votes',
      ['ens', '--search', '--set', 'combine=vote'],
      /means of the logits of runs only.*combine: vote/,
    ],
    [
      'with a threshold',
      ['ens', '--search', '--set', 'threshold=0.4'],
      /threshold: cannot be given with "weights"/,
    ],
    ['of ensembles', ['outer', '--search', '--set', 'combine=logits'], /runs only.*ensemble inner/],
    [
      'of other members',
      ['ens', '--decisions', decisions, '--set', 'members=[{"run":"a0"}]'],
      /other members.*expected a, received a, b/,
    ],
    ['of no file', ['ens', '--decisions', 'none.json'], /decisions does not exist/],
    ['of votes, for thresholds', ['outer', '--set', 'threshold=search'], /Thresholds are searched for/],
  ])('refuses a search %s', async (_, args, message) => {
    expect(await refused(...args, '--force', '--json')).toMatch(message);
  });

  test('refuses post-processing inside another ensemble', async () => {
    expect(await refused('outer', '--json')).toMatch(/masks of an ensemble inside another.*Radius/);
  });
});

describe('ensemble --reproduce', () => {
  const change = async (of: (before: SubmissionManifest) => unknown): Promise<void> =>
    writeFile(join(cwd, manifest), JSON.stringify(of(await readManifest())));
  const predictions = (run: string): string => join(cwd, `runs/${run[0]}/fold${run[1]}/${run}/predictions`);
  const weights = (run: string): string => join(predictions(run), '../checkpoints/best.safetensors');

  test('makes the same bytes, from logits and from weights', async () => {
    const [before, about] = [await read(csv), await read(manifest)];
    await rm(join(cwd, csv));
    json(await ensemble('--reproduce', manifest, '--json'));
    expect(await read(csv)).toEqual(before);
    await rm(join(cwd, csv));
    for (const run of ['a0', 'a1', 'b0', 'b1']) await rm(predictions(run), { recursive: true });
    const { code, err } = await ensemble('--reproduce', manifest);
    expect(code, err).toBe(0);
    expect(err).toContain('a/fold0/a0: 2 images predicted');
    expect(await read(csv)).toEqual(before);
    expect(await read(manifest)).toEqual(about);
  });

  test('keeps a CSV of other bytes unless told to', async () => {
    const before = await read(csv);
    await writeFile(join(cwd, csv), 'mine');
    expect(await refused('--reproduce', manifest)).toMatch(/exists already/);
    json(await ensemble('--reproduce', manifest, '--force', '--json'));
    expect(await read(csv)).toEqual(before);
  });

  test('names every member that is missing or has other weights', async () => {
    await rename(join(cwd, 'runs/a/fold0/a0'), join(cwd, 'gone'));
    await rm(predictions('b1'), { recursive: true });
    await copyFile(weights('b0'), weights('b1'));
    await rm(join(cwd, csv));
    const message = await refused('--reproduce', manifest);
    expect(message).toMatch(
      /member a\/fold0\/a0: missing.*member b\/fold1\/b1: its checkpoint .* has changed, from/,
    );
    await expect(read(csv)).rejects.toThrow('ENOENT');
  });

  test('names logits that have changed', async () => {
    await change((before) => ({
      ...before,
      members: before.members.map((member, m) => (m === 1 ? { ...member, logits: 'other' } : member)),
    }));
    expect(await refused('--reproduce', manifest)).toMatch(/member a\/fold1\/a1: its logits have changed/);
  });

  test('says what the CSV would be, and the version that made it', async () => {
    const before = await read(csv);
    await change(({ thresholds, ...rest }) => ({
      ...rest,
      thresholds: Object.fromEntries(Object.keys(thresholds).map((name) => [name, 0.001])),
      versions: { phalanx: '0.0.1', node: '1' },
    }));
    expect(await refused('--reproduce', manifest)).toMatch(
      /CSV would have the SHA-256 [0-9a-f]{64}, not .*made with Phalanx 0\.0\.1/,
    );
    expect(await read(csv)).toEqual(before);
  });

  test.each([
    ['nothing', [], /nothing to make/],
    ['settings', ['ens', '--reproduce', manifest], /says all that made/],
    ['no manifest', ['--reproduce', 'none.json'], /manifest does not exist/],
    ['something else', ['--reproduce', decisions], /not a manifest/],
  ])('refuses %s', async (_, args, message) => {
    expect(await refused(...args)).toMatch(message);
  });

  test('reads nothing outside of the members', async () => {
    await change((before) => ({ ...before, images: ['../../x'] }));
    expect(await refused('--reproduce', manifest)).toMatch(/not a manifest/);
  });
});
