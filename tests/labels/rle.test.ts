import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { encodeRle, formatRle, parseRle, rleDialects } from '../../src/labels/rle.ts';
import type { RleDialect } from '../../src/labels/rle.ts';
import { paintRuns } from '../../src/labels/runs.ts';
import { golden } from './goldens.ts';
import { randomLabelMap } from './random.ts';

interface RleCase {
  readonly width: number;
  readonly height: number;
  /** Hexadecimal, a bit per pixel, row-major, highest bit first. */
  readonly bits: string;
  readonly handBone: string;
  readonly hubmap: string;
  readonly siimAcr: string;
}

const cases = golden<RleCase>('rle.json');
const zeroBased = {
  order: 'row-major',
  starts: 'absolute',
  base: 0,
  empty: '-1',
} as const satisfies RleDialect;
const dialects = Object.entries<RleDialect>({ ...rleDialects, zeroBased });

describe.each(['handBone', 'hubmap', 'siimAcr'] as const)('the %s dialect', (name) => {
  it('writes what the competition writes, and reads it back', async () => {
    for (const { width, height, bits, [name]: expected } of cases) {
      const bytes = Buffer.from(bits, 'hex');
      const labels = createLabelMap(width, height, 1);
      for (let i = 0; i < width * height; i++) {
        labels.planes[0]![i] = (bytes[i >> 3]! >> (7 - (i & 7))) & 1;
      }
      expect(await encodeRle(labels, rleDialects[name])).toEqual([expected]);
      const decoded = createLabelMap(width, height, 1);
      paintRuns(decoded, 0, parseRle(expected, { dialect: rleDialects[name], width, height }));
      expect(decoded).toEqual(labels);
    }
  });
});

describe.each(dialects)('dialect %s', (name, dialect) => {
  it('decodes what it encodes, for more classes than one plane holds', async () => {
    const random = Random.from('rle', name);
    for (let round = 0; round < 12; round++) {
      const [width, height] = [random.integer(1, 90), random.integer(1, 90)];
      const labels = randomLabelMap(random, width, height, random.integer(1, 70));
      const decoded = createLabelMap(width, height, labels.classes);
      const texts = await encodeRle(labels, dialect);
      for (const [classIndex, text] of texts.entries()) {
        const mask = parseRle(text, { dialect, width, height });
        expect(formatRle(mask, dialect)).toBe(text);
        paintRuns(decoded, classIndex, mask);
      }
      expect(decoded).toEqual(labels);
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

  it('answers noise with a mask inside the image or one clear error', () => {
    const random = Random.from('rle noise');
    const alphabet = '0123456789  \t\n-.,x';
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: random.integer(0, 30) }, () =>
        alphabet.charAt(random.integer(0, alphabet.length)),
      ).join('');
      const [, dialect] = random.choice(dialects);
      try {
        const { boundaries } = parse(text, dialect);
        for (const [i, boundary] of boundaries.entries()) {
          expect(boundary).toBeGreaterThan(boundaries[i - 1] ?? -1);
          expect(boundary).toBeLessThanOrEqual(12);
        }
        expect(boundaries.length % 2).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(PhalanxError);
      }
    }
  });
});
