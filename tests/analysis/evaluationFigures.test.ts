import { join } from 'node:path';
import { expect, test } from 'vitest';
import { evaluatePredictions } from '../../src/analysis/evaluation/evaluate.ts';
import type { EvaluationFigures } from '../../src/analysis/evaluation/figures.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { createImage } from '../../src/pixels/image.ts';
import { syntheticDataset } from '../inference/syntheticDataset.ts';
import { temporaryFolder } from '../temporaryFolder.ts';

const [width, height, classes] = [6, 4, 3];

/** A label map from rows of digits, each the pixel's bits. */
function drawn(...rows: readonly string[]): LabelMap {
  const map = createLabelMap(width, height, classes);
  map.planes[0]!.set(Array.from(rows.join(''), Number));
  return map;
}

/** Class 0 (bit 1) is a square of 2 × 2, class 1 (bit 2) two pixels, class 2 (bit 4) nowhere. */
const truth = drawn('110000', '110000', '000220', '000000');
/** Of class 0 one pixel is missed and one taken for class 1; class 1 has a pixel beside; class 2 is made up. */
const guess = drawn('100000', '120000', '000222', '400000');

async function figuresOf(
  annotation: LabelMap,
  prediction: LabelMap,
  channels = 1,
): Promise<EvaluationFigures> {
  const folder = await temporaryFolder();
  const dataset = await syntheticDataset(join(folder, 'data'), { images: 1, classes, width, height });
  const readable = {
    ...dataset,
    readImage: () => Promise.resolve(createImage(width, height, channels)),
    readLabels: () => Promise.resolve(annotation),
  };
  const events = evaluatePredictions({
    dataset: readable,
    entries: dataset.entries.test,
    predict: () => Promise.resolve(prediction),
  });
  for (;;) {
    const event = await events.next();
    if (event.done === true) return event.value.figures;
  }
}

test('figures are those counted by hand', async () => {
  const figures = await figuresOf(truth, guess);
  // Truth or prediction: the square, three pixels of class 1, one of class 2.
  expect(figures.errors).toEqual({ confused: 1, missed: 1, extra: 2, labelled: 8 });
  expect(figures.confusion).toEqual([
    [0, 1, 0, 1],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 1, 1, 0],
  ]);
  const { 'class-0': square, 'class-1': pair, 'class-2': nowhere } = figures.classes;
  expect(square).toMatchObject({ truth: 4, predicted: 2, confused: 1, missed: 1, extra: 0, notFound: 0 });
  expect(square!.takenFor).toEqual([{ className: 'class-1', pixels: 1 }]);
  expect(square!.dice).toBeCloseTo((2 * 2) / (4 + 2), 4);
  expect(pair).toMatchObject({ truth: 2, predicted: 4, confused: 0, missed: 0, extra: 1, madeUp: 0 });
  expect(pair!.dice).toBeCloseTo((2 * 2) / (2 + 4), 4);
  expect(nowhere).toMatchObject({ truth: 0, predicted: 1, extra: 1, dice: 0, madeUp: 1, hausdorff95: null });
  expect(figures.meanDice).toBeCloseTo((2 / 3 + 2 / 3 + 0) / 3, 4);
  expect(figures.perClass['class-2']).toBe(0);
  // The two wrong pixels of the square and that beside class 1 are at a border. The nearest to the lower left corner is
  // straight above, beside the square.
  expect(figures.borderDistances.confused[0]).toBe(1);
  expect(figures.borderDistances.missed[0]).toBe(1);
  expect(figures.borderDistances.extra.slice(0, 2)).toEqual([1, 1]);
  expect(figures.worstImages[0]).toMatchObject({
    id: 'image0.png',
    worstClass: { className: 'class-2', dice: 0 },
  });
});

test('what nobody knows counts for nothing, whatever is said there', async () => {
  const unknown = new Uint32Array(width * height);
  // The second column, the pixel beside class 1 and the lower left corner: all that is wrong.
  for (const pixel of [1, 7, 13, 17, 18, 19]) unknown[pixel] = 1;
  const figures = await figuresOf({ ...truth, unknown }, guess);
  expect(figures.errors).toEqual({ confused: 0, missed: 0, extra: 0, labelled: 4 });
  expect(figures.classes['class-0']).toMatchObject({
    truth: 2,
    predicted: 2,
    confused: 0,
    missed: 0,
    extra: 0,
  });
  expect(figures.classes['class-0']!.dice).toBeCloseTo(1, 4);
  expect(figures.classes['class-1']).toMatchObject({ truth: 2, predicted: 2, extra: 0, hausdorff95: 0 });
  expect(figures.classes['class-2']).toMatchObject({ truth: 0, predicted: 0, madeUp: 0 });
  expect(figures.confusion.flat().every((pixels) => pixels === 0)).toBe(true);
});

test.each([2, 3, 5])('images of %i channels make the same figures', async (channels) => {
  expect(await figuresOf(truth, guess, channels)).toEqual(await figuresOf(truth, guess));
});
