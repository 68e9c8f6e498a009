import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import {
  combineLabels,
  complementLabels,
  knownLabels,
  selectClasses,
  uniteClasses,
} from '../../src/labels/classSets.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { countAgreement } from '../../src/labels/overlap.ts';
import {
  combineLabelsPlain,
  complementLabelsPlain,
  knownLabelsPlain,
  uniteClassesPlain,
} from '../../src/labels/plain/classSets.ts';
import { randomLabelMap } from './random.ts';

describe('set operations on label maps', () => {
  const random = Random.from('classSets');

  it.each(['union', 'intersection', 'difference'] as const)('%s equals its twin', async (operation) => {
    for (const classes of [1, 29, 32, 70]) {
      const [width, height] = [random.integer(1, 40), random.integer(1, 40)];
      const a = randomLabelMap(random, width, height, classes);
      const b = randomLabelMap(random, width, height, classes);
      expect(await combineLabels(a, b, operation)).toEqual(combineLabelsPlain(a, b, operation));
    }
  });

  it('the complement equals its twin and touches no bit beyond the classes', async () => {
    for (const classes of [1, 29, 32, 33, 64, 70]) {
      const labels = randomLabelMap(random, random.integer(1, 40), random.integer(1, 40), classes);
      expect(await complementLabels(labels)).toEqual(complementLabelsPlain(labels));
    }
  });

  it('united and selected classes equal their twin, across planes, repeated, empty', async () => {
    // More pixels than a kernel takes at a time.
    const labels = randomLabelMap(random, 97, 53, 70);
    const groups = Array.from({ length: 40 }, () =>
      Array.from({ length: random.integer(0, 5) }, () => random.integer(0, 70)),
    );
    expect(await uniteClasses(labels, groups)).toEqual(uniteClassesPlain(labels, groups));
    const order = Array.from({ length: 33 }, () => random.integer(0, 70));
    expect(await selectClasses(labels, order)).toEqual(
      uniteClassesPlain(
        labels,
        order.map((one) => [one]),
      ),
    );
    const all = [...new Array(70).keys()];
    expect(await selectClasses(labels, all)).toEqual(labels);
  });

  it('known labels equal their twin, and all that is unknown counts for no agreement', async () => {
    for (const classes of [1, 32, 33]) {
      const [width, height] = [random.integer(1, 40), random.integer(1, 40)];
      const a = randomLabelMap(random, width, height, classes);
      const b = randomLabelMap(random, width, height, classes);
      const [unknown] = randomLabelMap(random, width, height, 1).planes as [Uint32Array];
      expect(await knownLabels(a, unknown)).toEqual(knownLabelsPlain(a, unknown));
      const known = [knownLabelsPlain(a, unknown), knownLabelsPlain(b, unknown)] as const;
      expect(await countAgreement(a, { ...b, unknown })).toEqual(await countAgreement(...known));
    }
  });

  it('refuses other sizes, other numbers of classes, and classes that are not there', async () => {
    const labels = createLabelMap(4, 3, 2);
    await expect(combineLabels(labels, createLabelMap(3, 4, 2), 'union')).rejects.toThrow(PhalanxError);
    await expect(combineLabels(labels, createLabelMap(4, 3, 3), 'union')).rejects.toThrow(PhalanxError);
    await expect(selectClasses(labels, [2])).rejects.toThrow(RangeError);
    await expect(selectClasses(labels, [-1])).rejects.toThrow(RangeError);
    await expect(selectClasses(labels, [0.5])).rejects.toThrow(RangeError);
  });
});
