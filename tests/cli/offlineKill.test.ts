import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderContents } from '../folderContents.ts';
import { json, phalanx, phalanxHere, tiny, writeDeclaration } from './phalanx.ts';

const count = 60;
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-offline-kill-'));
  const options = ['--people', '6', '--test', '1', '--size', '192', '--json'];
  json(await phalanxHere(['data', 'phantom', 'data', ...options], cwd));
  await writeDeclaration(cwd, 'made', {
    ...tiny,
    offline: {
      directory: 'killed',
      mosaic: { count: 20 },
      ricap: { count: 20 },
      copyPaste: { count: 10 },
      variants: [{ transform: { name: 'CLAHE', p: 1 }, count: 10 }],
    },
  });
});
afterAll(async () => rm(cwd, { recursive: true }));

/** Of the files that a reader sees: a kill may leave a temporary one. */
async function visible(folder: string): Promise<Record<string, string>> {
  const all = Object.entries(await folderContents(folder));
  return Object.fromEntries(all.filter(([path]) => !/(^|\/)\./.test(path)));
}

async function finished(): Promise<number> {
  const names = await readdir(join(cwd, 'killed'), { recursive: true }).catch(() => []);
  return names.filter((name) => /outputs_json.*\.json$/.test(name) && !name.includes('/.')).length;
}

/** Runs the command and kills it once it has made some more images. */
async function killAfter(more: number): Promise<void> {
  const enough = (await finished()) + more;
  const watch = async (child: ChildProcess): Promise<void> => {
    while (child.exitCode === null && (await finished()) < enough) await setTimeout(2);
    child.kill('SIGKILL');
  };
  let watching: Promise<void> | undefined;
  const { code } = await phalanx(['augment', 'offline', 'made', '--json'], {
    cwd,
    onStart: (child) => {
      watching = watch(child);
    },
  });
  await watching;
  expect(code).toBeNull();
}

test('killed twice, the same command makes the same files', async () => {
  await killAfter(3);
  await killAfter(7);
  const there = await finished();
  expect(there).toBeGreaterThanOrEqual(10);
  expect(there).toBeLessThan(count);
  expect(await readdir(join(cwd, 'killed'))).not.toContain('augmentation.json');
  const resumed = json(await phalanxHere(['augment', 'offline', 'made', '--json'], cwd)) as { kept: number };
  expect(resumed).toMatchObject({ made: count - resumed.kept });
  // Nothing that was whole is made again.
  expect(resumed.kept).toBe(there);
  const whole = ['augment', 'offline', 'made', '--set', 'offline.directory=whole', '--json'];
  expect(json(await phalanxHere(whole, cwd))).toMatchObject({ made: count, kept: 0 });
  expect(await visible(join(cwd, 'killed'))).toEqual(await visible(join(cwd, 'whole')));
}, 120_000);
