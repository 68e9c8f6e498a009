import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { SampleEntry } from '../../src/data/dataset.ts';
import { searchThresholds } from '../../src/inference/ensemble/thresholds.ts';
import type { ThresholdSearchOptions } from '../../src/inference/ensemble/thresholds.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { logitOf, upsampleThresholdPack } from '../../src/labels/upsample.ts';
import { classNames, syntheticLogits } from './syntheticLogits.ts';

const [height, width] = [40, 48];
const classes = classNames(3);
const entries: SampleEntry[] = Array.from({ length: 12 }, (_, i) => ({
  id: `image${i}.png`,
  person: `ID${i >> 1}`,
  imagePath: `image${i}.png`,
}));

let store: LogitStore;
beforeEach(async () => {
  store = new LogitStore(await mkdtemp(join(tmpdir(), 'phalanx-thresholds-')));
});
afterEach(() => rm(store.root, { recursive: true }));

/** Truth is what the logits say at the threshold of each class and image. */
async function world(thresholdOf: (c: number, image: number) => number): Promise<ThresholdSearchOptions> {
  const truths = new Map<string, Awaited<ReturnType<ThresholdSearchOptions['truth']>>>();
  for (const [index, { id }] of entries.entries()) {
    const data = syntheticLogits(height, width, 3, Random.from(id));
    const size = { height, width, originalHeight: 2 * height, originalWidth: 2 * width };
    await store.write(data, { image: id, ...size, classes, provenance: {} });
    const thresholds = Float32Array.from(classes, (_, c) => logitOf(thresholdOf(c, index)));
    const logits = { height, width, classes: 3, data };
    truths.set(id, await upsampleThresholdPack(logits, { width: 2 * width, height: 2 * height, thresholds }));
  }
  const truth = (entry: SampleEntry) => Promise.resolve(truths.get(entry.id)!);
  return { members: [{ name: 'a', store }], entries, classes, truth };
}

describe('searchThresholds', () => {
  it('finds the thresholds by which the truth was made, and leaves 0.5 where it is best', async () => {
    const findings = await searchThresholds(await world((c) => [0.3, 0.5, 0.65][c]!));
    expect(findings.map(({ threshold }) => threshold)).toEqual([0.3, 0.5, 0.65]);
    expect(findings[0]!.heldOutGain).toBeGreaterThan(0.005);
    expect(findings[0]!.heldOutGain).toBeCloseTo(findings[0]!.gain, 10);
    expect(findings[1]).toMatchObject({ best: 0.5, gain: 0, heldOutGain: 0 });
  });

  it('keeps 0.5 where a gain does not carry over to other persons', async () => {
    // One person's images want 0.2 strongly enough to win on average; everyone else is a little better off at 0.5.
    const options = await world((_, image) => (image < 2 ? 0.05 : 0.36));
    const findings = await searchThresholds({ ...options, candidates: [0.2], parts: 6 });
    for (const { threshold, best, gain, heldOutGain } of findings) {
      expect(best).toBe(0.2);
      expect(gain).toBeGreaterThan(0);
      expect(heldOutGain).toBeLessThan(0);
      expect(threshold).toBe(0.5);
    }
  });

  it('refuses too few persons and candidates that are no probabilities', async () => {
    const options = await world(() => 0.5);
    const fewer = { ...options, entries: entries.slice(0, 4) };
    await expect(searchThresholds(fewer)).rejects.toMatchObject({ code: 'thresholds/too-few' });
    await expect(searchThresholds({ ...options, candidates: [0, 0.5] })).rejects.toMatchObject({
      code: 'thresholds/candidates',
    });
  });
});
