import { PhalanxError } from '../core/errors.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import type { Image } from '../pixels/image.ts';
import { uninitialized } from '../pixels/memory.ts';
import { nativePixels } from '../pixels/native.ts';
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

/** The kinds of error, in the order of the kernel's figures. */
export const errorKinds = ['confused', 'missed', 'extra'] as const;
export type ErrorKind = (typeof errorKinds)[number];

/** Pixels up to which distances to a border are told apart. */
export const farthest = 64;
/** From touching a border (0) to `farthest`, and one for all that is further away. */
export const distanceBins = farthest + 2;

/** What is wrong with one prediction; everything in pixels. */
export interface ErrorFigures {
  readonly counts: ErrorCounts;
  /**
   * `[classes + 1, classes + 1]`, row-major: pixels that lack class `row` and wrongly have class `column`; the class
   * after the last is "none".
   */
  readonly confusion: Float64Array;
  /** `[classes]`: pixels that lack the class and wrongly have another. */
  readonly confusedByClass: Float64Array;
  /**
   * For each kind `[distanceBins]`: wrong pixels by the distance from their centre to that of the nearest pixel beside
   * which the truth changes, rounded up.
   */
  readonly distances: Readonly<Record<ErrorKind, Float64Array>>;
}

export interface ErrorMap extends ErrorFigures {
  /** `[H, W, 3]`: the darkened picture with its wrong pixels coloured; `release` takes its memory back. */
  readonly image: Image;
}

/** Colours of the three kinds of error, red, green and blue from 0 to 255. */
export const errorColours = {
  confused: [239, 68, 68],
  missed: [250, 204, 21],
  extra: [52, 199, 89],
} as const satisfies Record<ErrorKind, unknown>;

interface ErrorKernels {
  errorMap(
    truth: readonly Uint32Array[],
    predicted: readonly Uint32Array[],
    width: number,
    height: number,
    classes: number,
    image: Uint8Array,
    channels: number,
    target: Uint8Array,
    counts: Float64Array,
    confusion: Float64Array,
    confused: Float64Array,
    distances: Float64Array,
  ): Promise<unknown>;
}

/**
 * Colours each wrong pixel by what is wrong with it and counts them, off the JavaScript thread.
 *
 * @throws PhalanxError `analysis/error-map` when sizes or numbers of classes differ.
 */
export async function errorMap(image: Image, truth: LabelMap, prediction: LabelMap): Promise<ErrorMap> {
  requireOneShape(image, truth, prediction);
  const { width, height, classes } = truth;
  const picture = pictureOf(image);
  const data = uninitialized(3 * width * height);
  const counts = new Float64Array(errorKinds.length + 1);
  const confusion = new Float64Array((classes + 1) ** 2);
  const confusedByClass = new Float64Array(classes);
  const distances = new Float64Array(errorKinds.length * distanceBins);
  await nativePixels<ErrorKernels>().errorMap(
    truth.planes,
    prediction.planes,
    width,
    height,
    classes,
    picture.data,
    picture.channels,
    data,
    counts,
    confusion,
    confusedByClass,
    distances,
  );
  return {
    image: { width, height, channels: 3, data },
    ...figuresOf(counts, confusion, confusedByClass, distances),
  };
}

/** Names the kernel's figures. */
export function figuresOf(
  counts: Float64Array,
  confusion: Float64Array,
  confusedByClass: Float64Array,
  distances: Float64Array,
): ErrorFigures {
  const [confused, missed, extra, labelled] = counts as unknown as [number, number, number, number];
  const of = (kind: number): Float64Array =>
    distances.subarray(kind * distanceBins, (kind + 1) * distanceBins);
  return {
    counts: { confused, missed, extra, labelled },
    confusion,
    confusedByClass,
    distances: { confused: of(0), missed: of(1), extra: of(2) },
  };
}

function requireOneShape(image: Image, truth: LabelMap, prediction: LabelMap): void {
  for (const other of [prediction, { ...image, classes: truth.classes }])
    if (other.width !== truth.width || other.height !== truth.height || other.classes !== truth.classes)
      throw new PhalanxError('analysis/error-map', {
        what: 'An error map needs a picture, a truth and a prediction of one size with the same classes',
        expected: `${truth.width}×${truth.height} with ${truth.classes} classes`,
        received: `${other.width}×${other.height} with ${other.classes} classes`,
      });
}
