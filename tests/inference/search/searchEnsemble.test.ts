import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import type { SampleEntry } from '../../../src/data/dataset.ts';
import { searchEnsemble } from '../../../src/inference/search/searchEnsemble.ts';
import type { SearchOptions } from '../../../src/inference/search/searchEnsemble.ts';
import { Evidence } from '../../../src/inference/search/evidence.ts';
import type { SearchMember } from '../../../src/inference/search/evidence.ts';
import { FullSizeScorer } from '../../../src/inference/search/fullSize.ts';
import { LogitStore } from '../../../src/inference/store/logitStore.ts';
import type { LabelMap } from '../../../src/labels/labelMap.ts';
import { addPixel } from '../../../src/labels/plain/pixels.ts';
import { createLabelMap } from '../../../src/labels/labelMap.ts';
import { temporaryFolder } from '../../temporaryFolder.ts';

const [height, width] = [48, 56];
const classes = ['round', 'spotted'];
const entries: SampleEntry[] = Array.from({ length: 20 }, (_, i) => ({
  id: `image${i}.png`,
  person: `ID${i >> 1}`,
  imagePath: `image${i}.png`,
}));

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

interface Quality {
  /** Deviation of each class's own error in every pixel, logits. */
  readonly noise: readonly number[];
  /** Added to every logit. */
  readonly shift?: number;
}

/** An ellipse of each class, drawn anew for every image, as its distance to the border. */
function distances(id: string): (c: number, x: number, y: number) => number {
  const random = Random.from('world', id);
  const shapes = classes.map(() => {
    const [cx, cy] = [random.uniform(0.4, 0.6) * width, random.uniform(0.4, 0.6) * height];
    return { cx, cy, r: random.uniform(8, 13) };
  });
  return (c, x, y) => shapes[c]!.r - Math.hypot(x - shapes[c]!.cx, y - shapes[c]!.cy);
}

function truthOf({ id }: SampleEntry): LabelMap {
  const at = distances(id);
  const labels = createLabelMap(width, height, classes.length);
  for (let c = 0; c < classes.length; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) if (at(c, x, y) > 0) addPixel(labels, c, x, y);
    }
  }
  return labels;
}

/** Members of known quality: the truth's logits and noise, and two far spots of "spotted" in every image. */
async function world(members: readonly Quality[], spots = false): Promise<Omit<SearchOptions, 'onProgress'>> {
  const stores = members.map((_, m) => new LogitStore(join(folder, `member${m}`)));
  for (const { id } of entries) {
    const at = distances(id);
    for (const [m, { noise, shift = 0 }] of members.entries()) {
      const random = Random.from('noise', id, m);
      const data = new Float32Array(height * width * 2);
      for (const i of data.keys()) {
        const [c, x, y] = [i % 2, (i >> 1) % width, Math.floor((i >> 1) / width)];
        const spot = spots && c === 1 && x < 4 && y < 4 ? 12 : 0;
        data[i] = Math.max(-8, Math.min(8, at(c, x, y))) + spot + shift + noise[c]! * random.normal();
      }
      const size = { height, width, originalHeight: height, originalWidth: width };
      await stores[m]!.write(data, { image: id, ...size, classes, provenance: {} });
    }
  }
  const named: SearchMember[] = stores.map((store, m) => ({ name: `member${m}`, storeOf: () => store }));
  return { members: named, entries, classes, truth: (entry) => Promise.resolve(truthOf(entry)) };
}

describe('Evidence', () => {
  it('gives the Dice of full masks for any weights and thresholds', async () => {
    const options = await world([{ noise: [1, 2] }, { noise: [2, 1] }, { noise: [3, 3] }]);
    const evidence = await Evidence.collect(options);
    const scorer = new FullSizeScorer(options);
    const thresholds = [0.15, 0.5, 0.8];
    for (const shares of [
      [1 / 3, 1 / 3, 1 / 3],
      [0.7, 0.3, 0],
    ]) {
      const dice = await Promise.all(classes.map((_, c) => evidence.dice(c, [shares], thresholds)));
      for (const [i, entry] of entries.slice(0, 4).entries()) {
        const { cut, truth } = await scorer.read(
          entry,
          shares.map((share) => [share, share]),
        );
        for (const [t, threshold] of thresholds.entries()) {
          const expected = await scorer.dice(await cut([threshold, threshold]), truth);
          for (const c of [0, 1]) expect(dice[c]![0]![i]![t]).toBeCloseTo(expected[c]!, 2.3);
        }
      }
    }
    expect(evidence.bytes).toBeLessThan(0.6 * 4 * 2 * entries.length * height * width);
  });

  it('keeps an evenly spread part of the pixels where the budget is small', async () => {
    const options = await world([{ noise: [1, 2] }, { noise: [2, 1] }]);
    const [whole, part] = [
      await Evidence.collect(options),
      await Evidence.collect({ ...options, budget: 20_000 }),
    ];
    expect(part.bytes).toBeLessThanOrEqual(20_000);
    expect(part.bytes).toBeLessThan(whole.bytes / 2);
    const mean = async (evidence: Evidence): Promise<number> => {
      const [dice] = await evidence.dice(0, [[0.5, 0.5]], [0.5]);
      return dice!.reduce((sum, [value]) => sum + value!, 0) / entries.length;
    };
    expect(Math.abs((await mean(part)) - (await mean(whole)))).toBeLessThan(0.01);
  });
});

describe('searchEnsemble', () => {
  it('finds known weights, thresholds and post-processing, and says what carries over', async () => {
    const good = { noise: [1, 1], shift: -1 };
    const options = await world([good, { noise: [1, 1], shift: -1 }, { noise: [9, 9], shift: -1 }], true);
    const found = await searchEnsemble(options);
    for (const { weights, threshold, before, after, crossValidated } of found.classes) {
      expect(weights[2]).toBeLessThan(0.1);
      expect(Math.abs(weights[0]! - weights[1]!)).toBeLessThan(0.35);
      expect(threshold).toBeLessThan(0.45);
      expect(after.heldOut!).toBeGreaterThan(before.heldOut! + 0.01);
      expect(Math.abs(crossValidated - after.search)).toBeLessThan(0.02);
    }
    expect(found.classes[1]!.postProcess).toMatchObject({ largest: 1 });
    expect(found.classes[1]!.postProcess.triplet).toBeUndefined();
    expect(found.heldOut).toEqual({ images: 4, people: 2 });
    expect(found.findings.filter(({ kept }) => kept)).toHaveLength(1);
    expect(await searchEnsemble(options)).toEqual(found);
  });

  it('gives classes weights of their own where members differ in what they are good at', async () => {
    const options = await world([{ noise: [0.5, 6] }, { noise: [6, 0.5] }]);
    const { classes: found } = await searchEnsemble({
      ...options,
      methods: ['coordinate'],
      postProcess: false,
    });
    expect(found[0]!.weights[0]).toBeGreaterThan(0.8);
    expect(found[1]!.weights[1]).toBeGreaterThan(0.8);
  });

  it('leaves everything as it is where nothing is to be gained', async () => {
    const options = await world([{ noise: [0, 0] }, { noise: [0, 0] }]);
    const { classes: found } = await searchEnsemble({ ...options, methods: ['greedy', 'cmaEs'] });
    for (const { weights, threshold, postProcess, before, after } of found) {
      expect([weights, threshold, postProcess]).toEqual([[0.5, 0.5], 0.5, {}]);
      expect(after).toEqual(before);
    }
  });

  it('refuses too few people', async () => {
    const options = await world([{ noise: [1, 1] }]);
    const few = { ...options, entries: entries.slice(0, 8) };
    await expect(searchEnsemble(few)).rejects.toMatchObject({ code: 'search/too-few' });
  });
});
