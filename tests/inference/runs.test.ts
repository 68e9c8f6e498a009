import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import {
  RunFormatter,
  RunParser,
  RunVoter,
  area,
  intersectionArea,
  isRunDefect,
} from '../../src/inference/submission/runs.ts';
import { plainRle } from './syntheticDataset.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

function randomMask(random: Random, length: number, density: number): Uint8Array {
  const mask = new Uint8Array(length);
  for (let i = 0, value = 0; i < length; i++) {
    if (random.chance(0.2)) value = random.chance(density) ? 1 : 0;
    mask[i] = value;
  }
  return mask;
}

function runsOf(mask: Uint8Array): Uint32Array {
  const parsed = new RunParser().parse(bytes(plainRle(mask)), mask.length);
  if (isRunDefect(parsed)) throw new Error(parsed.what);
  return parsed;
}

describe('runs', () => {
  it('agree with masks on area, intersection, vote and text', () => {
    const random = Random.from('runs');
    for (let round = 0; round < 50; round++) {
      const length = random.integer(1, 200);
      const masks = Array.from({ length: random.integer(2, 6) }, () => randomMask(random, length, 0.5));
      const runs = masks.map(runsOf);
      const [a, b] = [masks[0]!, masks[1]!];
      expect(area(runs[0]!)).toBe(a.reduce((sum, value) => sum + value, 0));
      expect(intersectionArea(runs[0]!, runs[1]!)).toBe(a.reduce((sum, value, i) => sum + value * b[i]!, 0));
      const weights = masks.map(() => random.integer(1, 4));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const joint = Uint8Array.from(a, (_, i) =>
        masks.reduce((sum, mask, m) => sum + mask[i]! * weights[m]!, 0) > total / 2 ? 1 : 0,
      );
      const voted = new RunVoter(weights, 0.5).vote(runs);
      expect(text(new RunFormatter().format(voted))).toBe(plainRle(joint));
    }
  });

  it('count a tie of inexact weights as a tie', () => {
    const [a, b] = [runsOf(Uint8Array.of(1, 1, 0)), runsOf(Uint8Array.of(0, 1, 1))];
    const weights = [0.1, 0.2, 0.3];
    // 0.1 + 0.2 is a little more than 0.3 in binary.
    const voted = new RunVoter(weights, 0.5).vote([a, a, b]);
    expect(text(new RunFormatter().format(voted))).toBe('2 1');
  });

  it('join runs that touch', () => {
    expect([...(new RunParser().parse(bytes('3 2 5 1'), 9) as Uint32Array)]).toEqual([2, 5]);
  });

  it.each([
    ['1', 'malformed', 0],
    ['1 2 3', 'malformed', 4],
    ['1  2', 'malformed', 2],
    [' 1 2', 'malformed', 0],
    ['1 2 ', 'malformed', 3],
    ['1 2\t', 'malformed', 3],
    ['1 -2', 'malformed', 2],
    ['1.0 2', 'malformed', 1],
    ['nan', 'malformed', 0],
    ['0 2', 'malformed', 0],
    ['3 0', 'malformed', 2],
    ['12345678901 1', 'malformed', 0],
    ['1 2 99 2', 'out-of-bounds', 4],
    ['1 9999999999', 'out-of-bounds', 0],
    ['5 3 7 1', 'overlapping', 4],
    ['5 3 1 1', 'overlapping', 4],
  ])('name the defect of "%s"', (rle, kind, position) => {
    expect(new RunParser().parse(bytes(rle), 99)).toMatchObject({ kind, position });
  });
});
