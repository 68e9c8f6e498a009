import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { combinations } from '../../src/inference/ensemble/combination.ts';

interface Peaks {
  readonly combine: string;
  /** Of two members and four images, bytes. */
  readonly small: number;
  /** Of three times the members and of the images. */
  readonly large: number;
  /** What the logits of all members and images take as floats. */
  readonly held: number;
}

test('an ensemble of many members and images takes no more memory than one of few', async () => {
  const script = join(import.meta.dirname, 'memory.process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', script]);
  const peaks = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Peaks);
  expect(peaks.map(({ combine }) => combine)).toEqual([...combinations]);
  for (const { combine, small, large, held } of peaks) {
    console.log(`${combine}: ${(small / 1e6).toFixed(0)} MB, ${(large / 1e6).toFixed(0)} MB`);
    // Garbage that is not collected yet comes and goes; what is kept for every image would be far more.
    expect(large - small, combine).toBeLessThan(held / 5);
  }
}, 60_000);
