import type { ChildProcess } from 'node:child_process';
import { copyFile, mkdtemp, readFile, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json, phalanx, phalanxHere, sentence, tiny, writeDeclaration } from './phalanx.ts';

const images = 6;
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-predict-'));
  const options = ['--people', '6', '--test', `${images / 2}`, '--size', '128', '--json'];
  json(await phalanxHere(['data', 'phantom', 'data', ...options], cwd));
  const inference = { mode: 'slidingWindow', window: 32, overlap: 0.5 };
  await writeDeclaration(cwd, 'tiny', { ...tiny, inference });
  for (const fold of ['0', '1']) {
    json(await phalanxHere(['train', 'tiny', '--fold', fold, '--id', `fold${fold}`, '--json'], cwd));
  }
});
afterAll(() => rm(cwd, { recursive: true }));

interface Predicted {
  readonly written: number;
  readonly kept: number;
  readonly stores: readonly string[];
}

const predict = async (...args: string[]): Promise<Predicted> =>
  json(await phalanxHere(['predict', ...args, '--json'], cwd)) as Predicted;

const logits = async (store: string): Promise<string[]> =>
  (await readdir(store).catch(() => [])).filter((name) => name.endsWith('.logits') && !name.startsWith('.'));

test('the folds of an experiment, and weights of a run, predict in one pass; files are kept', async () => {
  const checkpoints = join(cwd, 'runs/tiny/fold0/fold0/checkpoints');
  await copyFile(join(checkpoints, 'last.safetensors'), join(checkpoints, 'soup.safetensors'));
  const one = await predict('fold0', '--tta', 'none');
  expect(one).toMatchObject({ written: images, kept: 0 });
  const both = await predict('tiny', '--folds', '--tta', 'none');
  expect(both).toMatchObject({ written: images, kept: images });
  expect(both.stores).toHaveLength(2);
  const weights = await predict('fold0', '--tta', 'none', '--weights', 'best', '--weights', 'soup');
  expect(weights).toMatchObject({ written: 2 * images, kept: 0 });
  const [first] = await logits(one.stores[0]!);
  const read = (store: string): Promise<Buffer> => readFile(join(store, first!));
  const of = (bytes: Buffer): Record<string, unknown> => {
    const { provenance, height } = JSON.parse(bytes.toString('utf8', 20, 20 + bytes.readUInt32LE(12))) as {
      provenance: Record<string, string>;
      height: number;
    };
    return { ...provenance, height };
  };
  // As config.json says.
  expect(of(await read(one.stores[0]!))).toMatchObject({
    size: '64x64',
    windows: '{"width":32,"height":32,"overlap":0.5,"weights":"gaussian"}',
  });
  // The same weights in one pass with others are the same to the byte.
  expect(await read(weights.stores[0]!)).toEqual(await read(one.stores[0]!));
  const refused = await phalanxHere(['predict', 'fold0', '--weights', 'sowp'], cwd);
  expect(sentence(refused)).toContain('soup');
  const windows = ['fold0', '--window', '48x32', '--overlap', '0.25', '--size', 'original', '--tta', 'none'];
  const original = await predict(...windows);
  expect(original).toMatchObject({ written: images });
  expect(of(await read(original.stores[0]!))).toMatchObject({ size: 'original', height: 128 });
  expect(sentence(await phalanxHere(['predict', 'fold0', '--overlap', '0.5'], cwd))).toContain('--window');
}, 120_000);

test('logits of other weights are replaced only when told to', async () => {
  const checkpoints = join(cwd, 'runs/tiny/fold1/fold1/checkpoints');
  const { stores } = await predict('fold1', '--tta', 'none');
  const [file] = await logits(stores[0]!);
  const before = await readFile(join(stores[0]!, file!));
  await copyFile(
    join(cwd, 'runs/tiny/fold0/fold0/checkpoints/last.safetensors'),
    join(checkpoints, 'best.safetensors'),
  );
  const refused = sentence(await phalanxHere(['predict', 'fold1', '--tta', 'none'], cwd));
  expect(refused).toContain('--force');
  expect(await readFile(join(stores[0]!, file!))).toEqual(before);
  const { code, err } = await phalanxHere(['predict', 'fold1', '--tta', 'none', '--force', '--json'], cwd);
  expect(code).toBe(0);
  expect(err).toContain('made in another way and will be replaced');
  expect(await readFile(join(stores[0]!, file!))).not.toEqual(before);
}, 60_000);

test('killed at any moment, the same command goes on and ends with the same files', async () => {
  // Many windows, so that there is time to be killed in.
  const args = [
    'predict',
    'fold0',
    '--window',
    '32',
    '--overlap',
    '0.6',
    '--size',
    'original',
    '--tta',
    'flip',
  ];
  const whole = await predict(...args.slice(1));
  const [store] = whole.stores as [string];
  const expected = new Map<string, Buffer>();
  for (const name of await logits(store)) expected.set(name, await readFile(join(store, name)));
  expect(expected.size).toBe(images);
  await rm(store, { recursive: true });
  let watching: Promise<void> | undefined;
  const { code } = await phalanx(args, {
    cwd,
    onStart: (child: ChildProcess) => {
      watching = (async () => {
        while (child.exitCode === null && (await logits(store)).length < 2) await setTimeout(5);
        child.kill('SIGKILL');
      })();
    },
  });
  await watching;
  expect(code).toBeNull();
  const there = await logits(store);
  expect(there.length).toBeGreaterThanOrEqual(2);
  expect(there.length).toBeLessThan(images);
  // A machine that lost its power may have left a file that is not whole.
  await truncate(join(store, there[0]!), 50);
  const kept = (await stat(join(store, there[1]!))).mtimeMs;
  const resumed = await phalanxHere([...args, '--json'], cwd);
  expect(resumed.code).toBe(0);
  expect(resumed.err).toContain(`${join(store, there[0]!)} is damaged`);
  expect(JSON.parse(resumed.out)).toMatchObject({
    kept: there.length - 1,
    written: images - there.length + 1,
  });
  expect((await stat(join(store, there[1]!))).mtimeMs).toBe(kept);
  for (const [name, bytes] of expected) expect(await readFile(join(store, name))).toEqual(bytes);
}, 120_000);

test('confident predictions become a dataset that an experiment trains on', async () => {
  const labelled = (await predict(
    'fold0',
    '--tta',
    'none',
    '--as-labels',
    'pseudo',
    '--confidence',
    '0',
  )) as Predicted & {
    readonly labels: { readonly kept: number; readonly format: object };
  };
  expect(labelled.labels).toMatchObject({ kept: images });
  const further = [{ name: 'pseudo', root: 'pseudo', format: labelled.labels.format }];
  await writeDeclaration(cwd, 'mixed', { ...tiny, data: { ...tiny.data, further } });
  const prepared = json(await phalanxHere(['data', 'prepare', 'mixed', '--json'], cwd));
  // 6 people with two hands each, the test images, and these once more with labels.
  expect(prepared).toMatchObject({ images: 12 + 2 * images });
  const again = await phalanxHere(['predict', 'fold0', '--tta', 'none', '--as-labels', 'pseudo'], cwd);
  expect(sentence(again)).toContain('There is a dataset already');
  const held = await phalanxHere(['predict', 'fold0', '--split', 'val', '--as-labels', 'other'], cwd);
  expect(sentence(held)).toContain('--split val');
}, 60_000);
