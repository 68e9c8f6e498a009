import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { decodeRle, encodeRle, formatRle, parseRle, rleDialects } from '../../src/labels/rle.ts';
import type { RleDialect } from '../../src/labels/rle.ts';
import { paintRuns } from '../../src/labels/runs.ts';
import { golden, labelsOf } from './goldens.ts';
import type { MaskCase } from './goldens.ts';
import { randomLabelMap } from './random.ts';

interface RleCase extends MaskCase {
  readonly handBone: string;
  readonly hubmap: string;
  readonly siimAcr: string;
  readonly coco: string;
}

const cases = golden<RleCase>('rle.json');
const zeroBased = {
  order: 'row-major',
  starts: 'absolute',
  base: 0,
  empty: '-1',
} as const satisfies RleDialect;
const dialects = Object.entries<RleDialect>({ ...rleDialects, zeroBased });

describe.each(['handBone', 'hubmap', 'siimAcr', 'coco'] as const)('the %s dialect', (name) => {
  it('writes what the original writes, and reads it back', async () => {
    for (const one of cases) {
      const { width, height, [name]: expected } = one;
      const labels = labelsOf(one);
      expect(await encodeRle(labels, rleDialects[name])).toEqual([expected]);
      expect(await decodeRle([expected], { dialect: rleDialects[name], width, height })).toEqual(labels);
    }
  });
});

describe.each(dialects)('dialect %s', (name, dialect) => {
  it('decodes what it encodes, for more classes than one plane holds', async () => {
    const random = Random.from('rle', name);
    for (let round = 0; round < 12; round++) {
      const [width, height] = [random.integer(1, 90), random.integer(1, 90)];
      const labels = randomLabelMap(random, width, height, random.integer(1, 70));
      const painted = createLabelMap(width, height, labels.classes);
      const texts = await encodeRle(labels, dialect);
      for (const [classIndex, text] of texts.entries()) {
        const mask = parseRle(text, { dialect, width, height });
        expect(formatRle(mask, dialect)).toBe(text);
        paintRuns(painted, classIndex, mask);
      }
      expect(painted).toEqual(labels);
      expect(await decodeRle(texts, { dialect, width, height })).toEqual(labels);
    }
  });
});

describe('parseRle', () => {
  const parse = (text: string, dialect: RleDialect = rleDialects.handBone) =>
    parseRle(text, { dialect, width: 4, height: 3, where: 'a.csv row 7' });

  it('joins runs that touch and takes any white space', () => {
    expect([...parse(' 1  2\t3 1\n 6 1 ').boundaries]).toEqual([0, 3, 5, 6]);
    expect([...parse('0 2 0 3 1 1', rleDialects.siimAcr).boundaries]).toEqual([0, 5, 6, 7]);
  });

  it.each([
    ['a letter', '1 2 x 3', 'character 5'],
    ['a letter in a number', '1 2 3x 3', 'character 6'],
    ['a negative start', '-1 3', 'character 1'],
    ['a fraction', '1.5 3', 'character 2'],
    ['a start without length', '1 2 5', 'character 5'],
    ['a start before the first pixel', '0 2', 'character 1'],
    ['a length of zero', '1 2 5 0', 'character 7'],
    ['runs out of order', '5 2 1 2', 'character 5'],
    ['runs that overlap', '1 3 3 2', 'character 5'],
    ['a run beyond the image', '1 2 12 2', 'character 5'],
    ['a number of four hundred digits', `1 2 ${'9'.repeat(400)} 1`, 'character 5'],
    ['a length of four hundred digits', `1 ${'9'.repeat(400)}`, 'character 1'],
  ])('refuses %s and says where', (_, text, place) => {
    expect(() => parse(text)).toThrow(PhalanxError);
    expect(() => parse(text)).toThrow(`(a.csv row 7, ${place})`);
  });

  it('refuses a relative run beyond the image', () => {
    expect(() => parse('0 5 5 3', rleDialects.siimAcr)).toThrow('beyond the image');
  });

  it('refuses a text longer than any mask of the image', () => {
    const text = `1 2${' '.repeat(2000)}`;
    expect(() => parse(text)).toThrow('longer than any mask');
    expect(() => parse(text, rleDialects.cocoPlain)).toThrow('longer than any mask');
    expect(() => parse('1'.repeat(2000), rleDialects.coco)).toThrow('longer than any mask');
  });
});

describe('parseRle of anything', () => {
  const sizes = { width: fc.integer({ min: 1, max: 6 }), height: fc.integer({ min: 1, max: 6 }) };
  const dialect = fc.constantFrom(...dialects.map(([, one]) => one));
  const noise = fc.string({ unit: fc.constantFrom(...Array.from('0123456789  \t\n-.,xo^')), maxLength: 30 });
  const numbers = fc.array(fc.integer({ min: -2, max: 40 }), { maxLength: 12 }).map((all) => all.join(' '));

  it('is a mask inside the image that is written as it was read, or one clear error', () => {
    fc.assert(
      fc.property(
        fc.record({ ...sizes, dialect, text: fc.oneof(noise, numbers) }),
        ({ text, ...context }) => {
          let mask;
          try {
            mask = parseRle(text, context);
          } catch (error) {
            expect(error).toBeInstanceOf(PhalanxError);
            expect((error as PhalanxError).code).toBe('labels/rle');
            return;
          }
          const { boundaries } = mask;
          expect(boundaries.length % 2).toBe(0);
          expect(boundaries.every((at, i) => at > (boundaries[i - 1] ?? -1))).toBe(true);
          expect(boundaries.at(-1) ?? 0).toBeLessThanOrEqual(context.width * context.height);
          expect(parseRle(formatRle(mask, context.dialect), context)).toEqual(mask);
        },
      ),
      { numRuns: 2000, seed: 20240605 },
    );
  });

  it('gives back any mask', async () => {
    const masks = fc.record({
      ...sizes,
      dialect,
      bits: fc.array(fc.boolean(), { minLength: 36, maxLength: 36 }),
    });
    await fc.assert(
      fc.asyncProperty(masks, async ({ bits, ...context }) => {
        const labels = createLabelMap(context.width, context.height, 1);
        for (const i of labels.planes[0]!.keys()) labels.planes[0]![i] = bits[i] === true ? 1 : 0;
        const texts = await encodeRle(labels, context.dialect);
        expect(await decodeRle(texts, context)).toEqual(labels);
      }),
      { numRuns: 300, seed: 20240606 },
    );
  });
});
