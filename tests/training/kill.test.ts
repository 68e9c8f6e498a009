import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'phalanx-kill-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Runs the training process, killed with SIGKILL when it has told `killAfter`; the loss of each step it told. */
async function run(
  folder: string,
  killAfter?: number,
): Promise<{ losses: Map<number, number>; signal: string | null }> {
  const script = join(import.meta.dirname, 'resumableRun.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const ended = new Promise<string | null>((resolve) =>
    child.on('close', (_code, signal) => resolve(signal)),
  );
  const losses = new Map<number, number>();
  for await (const line of createInterface(child.stdout)) {
    const [step, loss] = line.split(' ').map(Number);
    losses.set(step!, loss!);
    if (step === killAfter) child.kill('SIGKILL');
  }
  return { losses, signal: await ended };
}

test('killed with kill -9 and resumed, a run has the very losses of an uninterrupted one', async () => {
  const broken = join(directory, 'broken');
  const [whole, first] = await Promise.all([run(join(directory, 'whole')), run(broken, 7)]);
  const second = await run(broken);
  expect([whole.signal, first.signal, second.signal]).toEqual([null, 'SIGKILL', null]);
  expect([...whole.losses.keys()]).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  // It goes on from the last checkpoint before it was killed: every fourth step has one.
  const resumedAt = Math.min(...second.losses.keys());
  expect([5, 9]).toContain(resumedAt);
  for (const part of [first, second]) {
    for (const [step, loss] of part.losses) expect([step, loss]).toEqual([step, whole.losses.get(step)]);
  }
  expect(second.losses.has(12)).toBe(true);
}, 180_000);
