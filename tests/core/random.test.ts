import { describe, expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';

describe('Random', () => {
  test('gives these numbers for these names, on every machine', () => {
    const random = Random.from(42, 'augment', 3, 'image1.png');
    expect([random.bits(), random.bits(), random.bits(), random.bits()]).toMatchInlineSnapshot(`
      [
        906138554,
        2720784326,
        3777726920,
        881692356,
      ]
    `);
  });

  test('a number and its text are different names, and so are different splits of one text', () => {
    const first = [Random.from(1), Random.from('1'), Random.from('a', 'b'), Random.from('ab')];
    expect(new Set(first.map((random) => random.bits())).size).toBe(4);
  });

  test('a derived stream depends on its name only, and drawing from it leaves its parent as it was', () => {
    const parent = Random.from(7);
    const before = parent.derive('child').uniform();
    const control = Random.from(7);
    expect(parent.uniform()).toBe(control.uniform());
    expect(parent.derive('child').uniform()).toBe(before);
  });

  test('uniform numbers fill their range evenly', () => {
    const random = Random.from('uniform');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(random.uniform(0, 10))]!++;
    // Chi-squared with 9 degrees of freedom exceeds 27.9 with probability 0.001.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(27.9);
  });

  test('normal numbers have their mean and deviation', () => {
    const random = Random.from('normal');
    const values = Array.from({ length: 50_000 }, () => random.normal(5, 2));
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(5, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(2, 1);
  });

  test.each([
    [0.3, 0.3],
    [0.4, 0.4],
    [1, 1],
    [2, 5],
    [0.05, 0.05],
    [30, 30],
  ])('beta numbers of %d and %d have their mean and variance', (a, b) => {
    const random = Random.from('beta');
    const values = Array.from({ length: 40_000 }, () => random.beta(a, b));
    expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const exact = (a * b) / ((a + b) ** 2 * (a + b + 1));
    // Five standard errors of the mean.
    expect(Math.abs(mean - a / (a + b))).toBeLessThan(5 * Math.sqrt(exact / values.length));
    expect(Math.abs(variance / exact - 1)).toBeLessThan(0.05);
  });

  test('beta numbers of 1 and 1 are uniform, and tiny parameters give 0 or 1', () => {
    const random = Random.from('beta');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 50_000; i++) counts[Math.floor(random.beta(1, 1) * 10)]!++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0);
    expect(chiSquared).toBeLessThan(27.9);
    const tiny = Array.from({ length: 100 }, () => random.beta(1e-4, 1e-4));
    expect(new Set(tiny.map(Math.round)).size).toBe(2);
    expect(tiny.every(Number.isFinite)).toBe(true);
  });

  test('integers reach both ends of a half-open range', () => {
    const random = Random.from('integer');
    const seen = new Set(Array.from({ length: 1000 }, () => random.integer(-2, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });

  test('shuffling is a permutation, and every order of three is as likely', () => {
    const random = Random.from('shuffle');
    const orders = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle(['a', 'b', 'c']).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(6);
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('choice of nothing is an error', () => {
    expect(() => Random.from(1).choice([])).toThrow(RangeError);
  });
});
