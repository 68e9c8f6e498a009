import { PhalanxError } from '../../core/errors.ts';
import { createLabelMap } from '../../labels/labelMap.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { tableOf } from '../intensity/values.ts';
import type { StoredArray } from '../intensity/values.ts';

/** Which values mean which classes; see `valueClass`. */
export interface ValueClasses {
  readonly classes: readonly { readonly name: string; readonly value: number | readonly number[] }[];
  /** Values that belong to no class, besides 0. */
  readonly ignore: readonly number[];
  /** Values of pixels that nobody knows; if there are any, the label map has a plane of them. */
  readonly unknown: readonly number[];
}

/** Numbers of pixels or voxels in rows. */
export interface Values {
  readonly width: number;
  readonly height: number;
  readonly data: StoredArray;
}

/**
 * Turns label values into bits.
 *
 * @throws PhalanxError `annotation/unknown-value` naming the first value that no class has.
 */
export function labelsOfValues({ width, height, data }: Values, known: ValueClasses, path: string): LabelMap {
  const labels = createLabelMap(width, height, known.classes.length);
  const bits = bitsByValue(known);
  const whole = tableOf(data) !== undefined;
  for (const [plane, target] of labels.planes.entries()) {
    const table = bits[plane]!;
    for (let i = 0; i < target.length; i++) {
      const value = data[i]!;
      if (!whole && !Number.isInteger(value)) throw unknownValue(value, known, path);
      // 0 belongs to no class, and what lies outside the table is no class's value.
      const found = value >= 0 && value < table.length ? table[value]! : undefined;
      if (found === undefined || found < 0) throw unknownValue(value, known, path);
      target[i] = found;
    }
  }
  if (known.unknown.length === 0) return labels;
  const values = new Set(known.unknown);
  return {
    ...labels,
    unknown: Uint32Array.from(labels.planes[0]!, (_, i) => (values.has(data[i]!) ? 1 : 0)),
  };
}

/** Says in a table that no class has the value; classes' bits are not negative there. */
const noClass = -1;

/** For each plane, the bits of every value up to the greatest that is known. */
function bitsByValue({ classes, ignore, unknown }: ValueClasses): Float64Array[] {
  const valuesOf = (value: number | readonly number[]): readonly number[] =>
    typeof value === 'number' ? [value] : value;
  const values = classes.map(({ value }) => valuesOf(value));
  const greatest = Math.max(0, ...ignore, ...unknown, ...values.flat());
  const planes = Array.from({ length: Math.ceil(classes.length / 32) }, () =>
    new Float64Array(greatest + 1).fill(noClass),
  );
  for (const table of planes)
    for (const value of [0, ...ignore, ...unknown, ...values.flat()]) table[value] = 0;
  for (const [index, own] of values.entries()) {
    for (const value of new Set(own)) planes[index >> 5]![value]! += 2 ** (index & 31);
  }
  return planes;
}

function unknownValue(value: number, { classes, ignore, unknown }: ValueClasses, path: string): PhalanxError {
  const known = [...classes.flatMap(({ value: own }) => own), ...ignore, ...unknown].slice(0, 20);
  return new PhalanxError('annotation/unknown-value', {
    what: 'The labels have a value that is no class',
    where: path,
    expected: `0 or one of ${known.join(', ')}`,
    received: String(value),
    fix: 'Add it to data.format.classes, to data.format.ignore or to data.format.unknown, or mend the file',
  });
}
