import { PhalanxError } from '../core/errors.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { createImage } from '../pixels/image.ts';
import type { Image } from '../pixels/image.ts';
import { pictureOf } from '../pixels/picture.ts';

/** Pixels that are wrong in at least one class. */
export interface ErrorCounts {
  /** A true class is missing and a wrong one is there: taken for another class. Red. */
  readonly confused: number;
  /** A true class is missing, and nothing wrong is there: under-predicted. Yellow. */
  readonly missed: number;
  /** Nothing is missing, and a wrong class is there: over-predicted. Green. */
  readonly extra: number;
  /** Pixels that have a class in the truth or in the prediction. */
  readonly labelled: number;
}

export interface ErrorMap {
  /** `[H, W, 3]`: the darkened picture with its wrong pixels coloured. */
  readonly image: Image;
  readonly counts: ErrorCounts;
}

/** Colours of the three kinds of error, red, green and blue from 0 to 255. */
export const errorColours = {
  confused: [239, 68, 68],
  missed: [250, 204, 21],
  extra: [52, 199, 89],
} as const;

/**
 * Colours each wrong pixel by what is wrong with it.
 *
 * @throws PhalanxError `analysis/error-map` when sizes or numbers of classes differ.
 */
export function errorMap(image: Image, truth: LabelMap, prediction: LabelMap): ErrorMap {
  for (const other of [prediction, { ...image, classes: truth.classes }])
    if (other.width !== truth.width || other.height !== truth.height || other.classes !== truth.classes)
      throw new PhalanxError('analysis/error-map', {
        what: 'An error map needs a picture, a truth and a prediction of one size with the same classes',
        expected: `${truth.width}×${truth.height} with ${truth.classes} classes`,
        received: `${other.width}×${other.height} with ${other.classes} classes`,
      });
  const { width, height } = truth;
  const result = createImage(width, height, 3);
  const picture = pictureOf(image);
  const step = picture.channels;
  const [green, blue] = step === 1 ? [0, 0] : [1, 2];
  let [confused, missed, extra, labelled] = [0, 0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    let [missing, wrong, any] = [0, 0, 0];
    for (let p = 0; p < truth.planes.length; p++) {
      const [t, q] = [truth.planes[p]![i]!, prediction.planes[p]![i]!];
      missing |= t & ~q;
      wrong |= q & ~t;
      any |= t | q;
    }
    if (any !== 0) labelled++;
    const to = 3 * i;
    if (missing === 0 && wrong === 0) {
      result.data[to] = picture.data[i * step]! * 0.62;
      result.data[to + 1] = picture.data[i * step + green]! * 0.62;
      result.data[to + 2] = picture.data[i * step + blue]! * 0.62;
      continue;
    }
    const kind = missing !== 0 && wrong !== 0 ? 'confused' : missing !== 0 ? 'missed' : 'extra';
    if (kind === 'confused') confused++;
    else if (kind === 'missed') missed++;
    else extra++;
    result.data.set(errorColours[kind], to);
  }
  return { image: result, counts: { confused, missed, extra, labelled } };
}
