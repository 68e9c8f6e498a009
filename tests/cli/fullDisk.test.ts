import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { folderContents } from '../folderContents.ts';
import { json, phalanxHere, sentence, tiny, writeDeclaration } from './phalanx.ts';

let cwd: string;
/** A file system of 2 MiB, where this machine lets us make one. */
let mounted = false;

const made = {
  ...tiny,
  data: { ...tiny.data, folds: { count: 2, stratify: 'none' } },
  offline: { directory: 'full/offline', mosaic: { count: 12 }, ricap: { count: 12 } },
};

const phalanx = (...args: string[]) => phalanxHere(args, cwd);

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-full-'));
  await mkdir(join(cwd, 'full'));
  mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', join(cwd, 'full')]).status === 0;
  const options = ['--people', '3', '--test', '1', '--size', '128', '--json'];
  json(await phalanx('data', 'phantom', 'data', ...options));
  await writeDeclaration(cwd, 'tiny', tiny);
  await writeDeclaration(cwd, 'made', made);
});
beforeEach((context) => {
  if (!mounted) context.skip('this machine does not let the test mount a small file system');
});
afterAll(async () => {
  if (mounted) spawnSync('umount', [join(cwd, 'full')]);
  await rm(cwd, { recursive: true });
});

/** Leaves so many bytes free, beside a file that must survive. */
async function leave(bytes: number): Promise<void> {
  const full = join(cwd, 'full');
  for (const name of await readdir(full)) await rm(join(full, name), { recursive: true });
  spawnSync('mount', ['-o', 'remount,size=2m', full]);
  await writeFile(join(full, 'precious'), 'kept');
  const { bavail, bsize } = await statfs(full);
  await writeFile(join(full, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
}

async function expectKept(): Promise<void> {
  expect(await readFile(join(cwd, 'full/precious'), 'utf8')).toBe('kept');
  const files = await readdir(join(cwd, 'full'), { recursive: true });
  expect(files.filter((name) => name.endsWith('.tmp'))).toEqual([]);
}

test.each([
  ['data phantom full/data --people 30 --test 0 --size 128', 300_000],
  ['data prepare tiny --cache full/cache', 20_000],
  ['augment preview tiny --out full/sheets', 0],
  ['augment offline made', 0],
  ['augment offline made', 200_000],
  ['augment apply --transform {"name":"Emboss","p":1} --image IMAGE --out full/out.png', 0],
  ['data analyze data --out full/reports', 0],
  ['train tiny --runs full/runs', 0],
  ['train tiny --runs full/runs', 1_000_000],
])(
  '%s with %d bytes left says that the disk is full, and leaves no half file',
  async (line, bytes) => {
    await leave(bytes);
    const files = await readdir(join(cwd, 'data/train/DCM'), { recursive: true });
    const image = join(
      'data/train/DCM',
      files.find((name) => name.endsWith('.png'))!,
    );
    const args = line.split(' ').map((word) => (word === 'IMAGE' ? image : word));
    expect(sentence(await phalanx(...args, '--json'))).toMatch(/disk is full.*\(full\//);
    await expectKept();
  },
  60_000,
);

test('a cache that the disk stopped goes on when there is space again', async () => {
  const prepare = () => phalanx('data', 'prepare', 'tiny', '--cache', 'full/cache', '--json');
  await leave(60_000);
  expect(sentence(await prepare())).toMatch(/disk is full.*\(full\/cache/);
  const there = (await readdir(join(cwd, 'full/cache'), { recursive: true })).filter((name) =>
    name.endsWith('.sample'),
  );
  expect(there.length).toBeGreaterThan(0);
  await rm(join(cwd, 'full/filler'));
  const { images, built } = json(await prepare()) as { images: number; built: number };
  expect(built).toBe(images - there.length);
  expect(json(await prepare())).toMatchObject({ images, built: 0 });
  await expectKept();
}, 60_000);

test('images made offline are the same after the disk was full', async () => {
  await leave(200_000);
  sentence(await phalanx('augment', 'offline', 'made', '--json'));
  spawnSync('mount', ['-o', 'remount,size=500m', join(cwd, 'full')]);
  const resumed = json(await phalanx('augment', 'offline', 'made', '--json')) as {
    made: number;
    kept: number;
  };
  expect(resumed.kept).toBeGreaterThan(0);
  expect(resumed.made + resumed.kept).toBe(24);
  const whole = ['--set', 'offline.directory=whole', '--json'];
  expect(json(await phalanx('augment', 'offline', 'made', ...whole))).toMatchObject({ made: 24 });
  await rm(join(cwd, 'full/filler'));
  expect(await folderContents(join(cwd, 'full/offline'))).toEqual(await folderContents(join(cwd, 'whole')));
  await expectKept();
}, 60_000);

test('a run that the disk stopped goes on when there is space again', async () => {
  await leave(1_000_000);
  sentence(await phalanx('train', 'tiny', '--runs', 'full/runs', '--json'));
  const [run] = json(await phalanx('runs', 'list', '--runs', 'full/runs', '--json')) as { status: string }[];
  expect(run!.status).toBe('failed');
  spawnSync('mount', ['-o', 'remount,size=500m', join(cwd, 'full')]);
  const resumed = await phalanx('train', 'tiny', '--runs', 'full/runs', '--resume', '--json');
  expect(json(resumed)).toMatchObject({ reason: 'completed', steps: 4 });
  await expectKept();
}, 60_000);
