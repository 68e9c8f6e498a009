import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { cocoCounts, encodeCocoRle, parseCocoRle } from '../../src/labels/cocoRle.ts';
import { parseRle, rleDialects } from '../../src/labels/rle.ts';
import { labelRuns } from '../../src/labels/runs.ts';
import { golden } from './goldens.ts';
import { randomLabelMap } from './random.ts';

describe('COCO run-length encoding', () => {
  it('writes what pycocotools writes, and reads it back', () => {
    for (const one of golden<{ width: number; height: number; hubmap: string; coco: string }>('rle.json')) {
      const { width, height, hubmap, coco } = one;
      const mask = parseRle(hubmap, { dialect: rleDialects.hubmap, width, height });
      expect(encodeCocoRle(mask)).toEqual({ size: [height, width], counts: coco });
      expect(parseCocoRle({ size: [height, width], counts: coco })).toEqual(mask);
      expect(parseCocoRle({ size: [height, width], counts: cocoCounts(mask) })).toEqual(mask);
    }
  });

  it('joins runs without pixels', () => {
    const parse = (counts: number[]) => [...parseCocoRle({ size: [2, 3], counts }).boundaries];
    expect(parse([2, 0, 4])).toEqual([]);
    expect(parse([6, 0])).toEqual([]);
    expect(parse([0, 2, 0, 4])).toEqual([0, 6]);
    expect(parse([1, 2, 3, 0])).toEqual([1, 3]);
  });

  it('takes masks larger than one group of bits can count', async () => {
    const labels = randomLabelMap(Random.from('coco'), 700, 900, 8);
    for (const mask of await labelRuns(labels, 'column-major')) {
      expect(parseCocoRle(encodeCocoRle(mask))).toEqual(mask);
    }
  });

  it.each([
    ['counts that are too few', [2, 3]],
    ['counts that are too many', [2, 3, 4]],
    ['a negative count', [7, -1]],
    ['a fraction', [2.5, 3.5]],
    ['no counts', []],
    ['an empty string', ''],
    ['a character outside the code', '5~'],
    ['a character below the code', '5 1'],
    ['a group that never ends', 'oooooooooooo'],
    ['a string cut off', '5o'],
    ['a negative difference', '1111O'],
  ])('refuses %s', (_, counts) => {
    expect(() => parseCocoRle({ size: [2, 3], counts })).toThrow(PhalanxError);
  });

  it.each([
    [[0, 3], []],
    [[2.5, 2], [5]],
    [[Number.NaN, 2], [0]],
    [[65536, 65536], [65536 * 65536]],
  ] as const)('refuses the size %j', (size, counts) => {
    expect(() => parseCocoRle({ size, counts })).toThrow('impossible size');
  });

  it('refuses more counts than any mask of the image needs', () => {
    const counts = [16, ...new Array<number>(100).fill(0)];
    expect(() => parseCocoRle({ size: [4, 4], counts })).toThrow('longer than any mask');
  });

  it('answers anything with a mask of the image or one clear error', () => {
    const letters = fc.string({
      unit: fc.integer({ min: 40, max: 120 }).map((code) => String.fromCharCode(code)),
    });
    const lists = fc.array(fc.integer({ min: -1, max: 9 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(letters, lists), (counts) => {
        try {
          const { boundaries } = parseCocoRle({ size: [4, 4], counts });
          expect(boundaries.length % 2).toBe(0);
          expect(boundaries.every((at, i) => at <= 16 && at > (boundaries[i - 1] ?? -1))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(PhalanxError);
        }
      }),
      { numRuns: 2000, seed: 20240607 },
    );
  });

  it('refuses row-major masks', async () => {
    const [mask] = await labelRuns(randomLabelMap(Random.from('coco rows'), 4, 4, 1));
    expect(() => encodeCocoRle(mask!)).toThrow('column-major');
  });
});
