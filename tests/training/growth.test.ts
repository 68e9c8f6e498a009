import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

interface Sample {
  readonly step: number;
  /** Of tfjs, of the engine. */
  readonly tensors: readonly [number, number];
  /** Resident bytes. */
  readonly rss: number;
}

test('500 steps hold as many tensors and as much memory as the first ones', async () => {
  const script = join(import.meta.dirname, 'growth.process.ts');
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', script, '500'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const samples = new Map<number, Sample>();
  for await (const line of createInterface(child.stdout)) {
    const sample = JSON.parse(line) as Sample;
    samples.set(sample.step, sample);
  }
  const [first, settled, last] = [20, 100, 500].map((step) => samples.get(step)!) as [Sample, Sample, Sample];
  for (const { tensors } of samples.values()) expect(tensors).toEqual(first.tensors);
  const grown = (last.rss - settled.rss) / 1e6;
  console.log(
    `${(settled.rss / 1e6).toFixed(0)} MB resident after 100 steps, ${grown.toFixed(1)} MB more after 500`,
  );
  expect(grown).toBeLessThan(10);
}, 180_000);
