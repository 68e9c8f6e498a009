import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readJsonLines } from '../../src/tracking/jsonLines.ts';
import { json, phalanx, sentence, tiny, writeDeclaration } from './phalanx.ts';
import type { Result } from './phalanx.ts';

const steps = 16;
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-interrupt-'));
  json(
    await phalanx(['data', 'phantom', 'data', '--people', '6', '--test', '1', '--size', '128', '--json'], {
      cwd,
    }),
  );
  const training = { ...tiny.training, length: { steps }, validateEvery: 2 };
  await writeDeclaration(cwd, 'tiny', { ...tiny, training });
  json(await phalanx(['data', 'prepare', 'tiny', '--json'], { cwd }));
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

const folder = (id: string): string => join(cwd, 'runs/tiny/fold0', id);

/** The loss of every step that a run recorded; where one was repeated, the later. */
async function losses(id: string): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  const path = join(folder(id), 'metrics.jsonl');
  if (!existsSync(path)) return found;
  for await (const record of readJsonLines(path)) {
    if (record.type !== 'metrics') continue;
    const loss = record.values['train/loss'];
    if (loss !== undefined) found.set(record.step, loss);
  }
  return found;
}

async function state(id: string): Promise<{ status: string; step: number }> {
  return JSON.parse(await readFile(join(folder(id), 'run.json'), 'utf8')) as { status: string; step: number };
}

/** Trains, and sends the process a signal when it has recorded `after` steps. */
async function train(id: string, signal?: NodeJS.Signals, after = 5): Promise<Result> {
  let watching: Promise<void> | undefined;
  const result = await phalanx(['train', 'tiny', '--id', id], {
    cwd,
    onStart: (child) => {
      if (signal === undefined) return;
      watching = (async () => {
        while (child.exitCode === null && (await losses(id)).size < after) await sleep(10);
        child.kill(signal);
      })();
    },
  });
  await watching;
  return result;
}

test('a run stopped by Ctrl-C or kill -9 goes on with --resume and has the very losses of an uninterrupted one', async () => {
  const [whole, stopped] = await Promise.all([train('whole'), train('stopped', 'SIGINT')]);
  const killed = await train('killed', 'SIGKILL');
  expect([whole.code, stopped.code, killed.code]).toEqual([0, 130, null]);

  expect(stopped.out).toBe('');
  expect(stopped.err).toContain('Stopping cleanly');
  expect(stopped.err).not.toMatch(/error/i);
  const before = await state('stopped');
  expect(before.status).toBe('aborted');
  expect(before.step).toBeGreaterThanOrEqual(5);
  expect(before.step).toBeLessThan(steps);
  expect(existsSync(join(folder('stopped'), 'checkpoints/resume.safetensors'))).toBe(true);
  expect((await state('killed')).status).toBe('running');
  const listed = json(await phalanx(['runs', 'list', '--json'], { cwd })) as { id: string; status: string }[];
  expect(Object.fromEntries(listed.map(({ id, status }) => [id, status]))).toEqual({
    whole: 'finished',
    stopped: 'aborted',
    killed: 'interrupted',
  });

  const resume = (id: string) => phalanx(['train', 'tiny', '--resume', '--id', id, '--json'], { cwd });
  const resumed = await Promise.all([resume('stopped'), resume('killed')]);
  for (const result of resumed) expect(json(result)).toMatchObject({ reason: 'completed', steps });

  const expected = await losses('whole');
  expect([...expected.keys()]).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  for (const id of ['stopped', 'killed']) expect(await losses(id)).toEqual(expected);
  expect((await state('stopped')).status).toBe('finished');
  expect(sentence(await phalanx(['train', 'tiny', '--resume'], { cwd }))).toContain('no unfinished run');
}, 240_000);
