import { PhalanxError } from '../../../core/errors.ts';
import { createLabelMap } from '../../../labels/labelMap.ts';
import type { LabelMap } from '../../../labels/labelMap.ts';
import type { StoredImage } from '../../images/stored.ts';

interface ColourClass {
  readonly name: string;
  /** Red, green and blue, 0 to 255. */
  readonly colour: readonly [number, number, number];
}

/**
 * Turns colours into bits; black is no class unless one has it, and a colour of several classes is all of them.
 *
 * @throws PhalanxError `annotation/unknown-value` naming the first colour that is no class's.
 */
export function labelsOfColours(
  stored: StoredImage,
  classes: readonly ColourClass[],
  path: string,
): LabelMap {
  const { width, height, data } = stored;
  const labels = createLabelMap(width, height, classes.length);
  const members = new Map<number, number[]>([[0, []]]);
  for (const [index, { colour }] of classes.entries()) {
    const key = keyOf(...colour);
    members.set(key, [...(members.get(key) ?? []), index]);
  }
  const stride = stored.channels;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const red = data[stride * pixel]!;
    const green = stride === 3 ? data[3 * pixel + 1]! : red;
    const blue = stride === 3 ? data[3 * pixel + 2]! : red;
    const own = red > 255 ? undefined : members.get(keyOf(red, green, blue));
    if (own === undefined) throw unknownColour([red, green, blue], pixel, classes, path);
    for (const index of own) labels.planes[index >> 5]![pixel]! |= 1 << (index & 31);
  }
  return labels;
}

function keyOf(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}

function unknownColour(
  colour: readonly number[],
  pixel: number,
  classes: readonly ColourClass[],
  path: string,
): PhalanxError {
  const known = classes.slice(0, 12).map(({ colour: own }) => `(${own.join(', ')})`);
  return new PhalanxError('annotation/unknown-value', {
    what: 'The labels have a colour that is no class',
    where: path,
    expected: `black or one of ${known.join(' ')}`,
    received: `(${colour.join(', ')}) in pixel ${pixel}`,
    fix: 'Add it to data.format.classes, or store the labels without loss (JPEG changes colours)',
  });
}
