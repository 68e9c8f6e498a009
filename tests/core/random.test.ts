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
