import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import { transformNames } from '../../src/augment/spec.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { calling } from '../../benchmarks/data/work.ts';
import { dataWorks } from '../../benchmarks/data/works.ts';

test('every row has a name of its own and a peer that is there', () => {
  expect(new Set(dataWorks.map(({ name }) => name)).size).toBe(dataWorks.length);
  for (const { name, peer } of dataWorks) {
    expect(existsSync(new URL(`../../benchmarks/data/${peer.module}.py`, import.meta.url)), name).toBe(true);
    expect(new Set(peer.modes).size, name).toBe(peer.modes.length);
    expect(peer.modes.length, name).toBeGreaterThan(0);
  }
});

test.each([
  [/^fill 29/, 0.1],
  [/^RLE-encode/, 0.03],
  [/^upsample 512² to 2048², threshold, RLE/, 0.03],
  [/^(Affine|Rotate|ElasticTransform|HorizontalFlip) on image and 29 masks/, 0.05],
  [/^(CLAHE|Emboss|Sharpen) on an image/, 1],
  [/^decode/, 0.8],
  [/^loader at/, 0.1],
])('rows like %s have the goal %d', (pattern, goal) => {
  const rows = dataWorks.filter(({ name }) => pattern.test(name));
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row.goal).toBe(goal);
});

test('transforms that there are take their options', () => {
  const known = dataWorks.filter(({ spec }) => transformNames.some((name) => name === spec?.name));
  expect(known.length).toBeGreaterThan(10);
  for (const { spec } of known) expect(() => buildTransform(spec as unknown as TransformSpec)).not.toThrow();
});

test('a measurement counts every call of every lane', async () => {
  let [calls, running, most] = [0, 0, 0];
  const measure = calling({ inFlight: 3, seconds: 0.03 }, async () => {
    calls++;
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
  });
  const { seconds, processorSeconds } = await measure();
  expect(most).toBe(3);
  expect(seconds * calls).toBeGreaterThanOrEqual(0.03);
  expect(seconds).toBeLessThan(0.03);
  expect(processorSeconds).toBeGreaterThanOrEqual(0);
});
