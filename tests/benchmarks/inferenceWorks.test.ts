import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { dataWorks } from '../../benchmarks/data/works.ts';
import { soakLogits, soakSize } from '../../benchmarks/inference/soakLogits.ts';
import { inferenceWorks } from '../../benchmarks/inference/works.ts';

test('every row has a name of its own, a peer that is there, and is the same one where both suites have it', async () => {
  expect(new Set(inferenceWorks.map(({ name }) => name)).size).toBe(inferenceWorks.length);
  const benchmarks = join(import.meta.dirname, '../../benchmarks');
  for (const work of inferenceWorks) {
    const { name, peer } = work;
    const path = ['data', 'inference']
      .map((suite) => join(benchmarks, suite, `${peer.module}.py`))
      .find((file) => existsSync(file));
    expect(path, name).toBeDefined();
    expect(await readFile(path!, 'utf8'), name).toContain('def build(mode, options, conditions)');
    const other = dataWorks.find((one) => one.name === name);
    if (other !== undefined) expect(other).toBe(work);
  }
});

test.each([
  [/^upsample 512² to 2048², threshold, RLE/, 0.03],
  [/^ensemble of three models.*as published$/, 0.03],
  [/^hard vote.*as published$/, 0.01],
  [/^RLE-encode/, 0.03],
])('rows like %s have the goal %d', (pattern, goal) => {
  const rows = inferenceWorks.filter(({ name }) => pattern.test(name));
  expect(rows.map((row) => row.goal)).toEqual([goal]);
});

test('every ensemble is to stay below half a gigabyte', () => {
  const rows = inferenceWorks.filter(({ name }) => name.startsWith('ensemble'));
  expect(rows.length).toBe(6);
  for (const { goalBytes } of rows) expect(goalBytes).toBe(0.5e9);
});

describe('the soak’s logits', () => {
  const classes = 29;
  const [first, again, other] = [soakLogits(3, 0), soakLogits(3, 0), soakLogits(3, 1)];
  const areaOf = (logits: Float32Array, c: number): number => {
    let area = 0;
    for (let i = c; i < logits.length; i += classes) if (logits[i]! > 0) area++;
    return area;
  };

  it('are the same for the same image and model, and a little different for another', () => {
    // Comparing millions of numbers one by one, as toEqual does, takes minutes.
    expect(Buffer.from(again.buffer).equals(Buffer.from(first.buffer))).toBe(true);
    let different = 0;
    for (let i = 0; i < first.length; i++) if (first[i]! > 0 !== other[i]! > 0) different++;
    expect(different).toBeGreaterThan(0);
    expect(different).toBeLessThan(0.01 * first.length);
  });

  it('have a bone of every class, none of them large', () => {
    for (let c = 0; c < classes; c++) {
      expect(areaOf(first, c), `class ${c}`).toBeGreaterThan(50);
      expect(areaOf(first, c), `class ${c}`).toBeLessThan(0.05 * soakSize * soakSize);
    }
  });
});
