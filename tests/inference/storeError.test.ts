import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { combineLogits } from '../../src/inference/ensemble/combine.ts';
import { LogitFile, encodeLogits } from '../../src/inference/store/logitFile.ts';
import { diceOfLabels } from '../../src/labels/overlap.ts';
import { logitOf, upsampleThresholdPack } from '../../src/labels/upsample.ts';
import type { Logits } from '../../src/labels/upsample.ts';
import { classNames, syntheticLogits } from './syntheticLogits.ts';

const [side, originalSide, classes] = [256, 1024, 29];
const names = classNames(classes);

async function store(image: string, logits: Float32Array): Promise<LogitFile> {
  const size = { height: side, width: side, originalHeight: originalSide, originalWidth: originalSide };
  const bytes = await encodeLogits(logits, { image, ...size, classes: names, provenance: {} });
  return LogitFile.parse(Buffer.from(bytes), image);
}

/** Another model's opinion of the same image: smooth disagreement, as of models trained on other folds. */
function otherOpinion(logits: Float32Array, random: Random): Float32Array {
  const [a, b] = [random.uniform(0.03, 0.06), random.uniform(0, 6)];
  return logits.map((logit, i) => {
    const pixel = Math.floor(i / classes);
    const [x, y] = [pixel % side, Math.floor(pixel / side)];
    return logit + 1.5 * Math.sin(a * (x + (i % classes)) + b) * Math.cos(a * y);
  });
}

describe('what the store changes', () => {
  it('is less than 1e-4 of mean Dice, for one model and for the mean of three, at any threshold', async () => {
    const random = Random.from('store-error');
    const truthLogits = syntheticLogits(side, side, classes, random, 0);
    const models = [1, 2, 3].map(() => otherOpinion(truthLogits, random));
    const files = await Promise.all(models.map((logits, m) => store(`${m}`, logits)));
    const labels = (data: Float32Array, probability: number) =>
      upsampleThresholdPack({ width: side, height: side, classes, data } satisfies Logits, {
        width: originalSide,
        height: originalSide,
        thresholds: new Float32Array(classes).fill(logitOf(probability)),
      });
    const truth = await labels(truthLogits, 0.5);
    for (const members of [1, 3]) {
      const shares = Array.from({ length: members }, () => names.map(() => 1 / members));
      const stored = await combineLogits(files.slice(0, members), shares);
      const exact = truthLogits.map(
        (_, i) => models.slice(0, members).reduce((sum, logits) => sum + logits[i]!, 0) / members,
      );
      for (const probability of [0.3, 0.5, 0.6]) {
        const [a, b] = [await labels(exact, probability), await labels(stored.data, probability)];
        const [diceA, diceB] = [await diceOfLabels(a, truth), await diceOfLabels(b, truth)];
        const mean = (dice: Float64Array): number => dice.reduce((sum, value) => sum + value, 0) / classes;
        expect(mean(diceA)).toBeGreaterThan(0.8);
        expect(Math.abs(mean(diceA) - mean(diceB))).toBeLessThan(1e-4);
        // The masks do differ: the store is not lossless, and the two sides are not one and the same.
        expect(Math.max(...diceA.map((dice, c) => Math.abs(dice - diceB[c]!)))).toBeGreaterThan(0);
      }
    }
  });

  it('takes well under its part of 3 MB for 29 classes at 1024²', async () => {
    const few = 4;
    const logits = syntheticLogits(1024, 1024, few, Random.from('size'));
    const size = { height: 1024, width: 1024, originalHeight: 2048, originalWidth: 2048 };
    const info = { image: 'a', ...size, classes: classNames(few), provenance: {} };
    expect((await encodeLogits(logits, info)).length).toBeLessThan((3e6 * few) / classes);
  });
});
