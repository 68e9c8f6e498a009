import { expect, test } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { DiceAccumulator } from '../../src/objectives/diceScore.ts';

test('equals the definition on masks: per image and class, mean over images, then over classes', () => {
  const random = Random.from('dice');
  const classes = 3;
  const accumulator = new DiceAccumulator(classes);
  const expected = new Float64Array(classes);
  for (let image = 0; image < 4; image++) {
    const counts = { intersection: [0, 0, 0], predicted: [0, 0, 0], target: [0, 0, 0] };
    for (let c = 0; c < classes; c++) {
      const a = Array.from({ length: 50 }, () => random.chance(0.4));
      const b = Array.from({ length: 50 }, () => random.chance(0.4));
      const both = a.filter((set, i) => set && b[i]).length;
      const [sizeA, sizeB] = [a.filter(Boolean).length, b.filter(Boolean).length];
      [counts.intersection[c], counts.predicted[c], counts.target[c]] = [both, sizeA, sizeB];
      expected[c]! += (2 * both) / (sizeA + sizeB + 1e-4) / 4;
    }
    accumulator.add(counts);
  }
  const { mean, perClass, images } = accumulator.summary();
  expect(images).toBe(4);
  perClass.forEach((dice, c) => expect(dice).toBeCloseTo(expected[c]!, 12));
  expect(mean).toBeCloseTo((expected[0]! + expected[1]! + expected[2]!) / 3, 12);
});

test('two empty masks score 0, a perfect one just under 1', () => {
  const accumulator = new DiceAccumulator(2);
  const scores = accumulator.add({ intersection: [0, 10], predicted: [0, 10], target: [0, 10] });
  expect([...scores]).toEqual([0, 20 / 20.0001]);
});

test.each([
  { intersection: [5], predicted: [4], target: [6] },
  { intersection: [Number.NaN], predicted: [4], target: [6] },
  { intersection: [-1], predicted: [4], target: [6] },
  { intersection: [1, 1], predicted: [4, 4], target: [6, 6] },
])('refuses impossible counts %j and stays as it was', (counts) => {
  const accumulator = new DiceAccumulator(1);
  expect(() => accumulator.add(counts)).toThrow(PhalanxError);
  expect(() => accumulator.summary()).toThrow(/before any image/);
});
