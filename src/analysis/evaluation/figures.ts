import type { ErrorCounts, ErrorKind } from '../errorMap.ts';

/** Wrong pixels of one class, over all images. */
export interface ClassFigures {
  /** Mean over images. */
  readonly dice: number;
  /** Pixels of the class in the truth and in the prediction. */
  readonly truth: number;
  readonly predicted: number;
  /** Pixels that lack the class and have a wrong one instead (red), or none (yellow). */
  readonly confused: number;
  readonly missed: number;
  /** Pixels that have the class and lack nothing (green). */
  readonly extra: number;
  /** What pixels that lack the class have instead, the most pixels first; at most three. */
  readonly takenFor: readonly { readonly className: string; readonly pixels: number }[];
  /** Median over images, pixels; null when it is infinite or the class is in no image. */
  readonly hausdorff95: number | null;
  /** Mean over images of the share of the outlines within the tolerance, 0 to 1; null when the class is in no image. */
  readonly surfaceDice: number | null;
  /** Images in which the class is in the truth alone, and in the prediction alone. */
  readonly notFound: number;
  readonly madeUp: number;
  readonly worstImage: { readonly id: string; readonly dice: number };
}

/** One image's score and its wrong pixels. */
export interface ImageFigures {
  readonly id: string;
  readonly meanDice: number;
  readonly errors: ErrorCounts;
  readonly worstClass: { readonly className: string; readonly dice: number };
}

/** What `evaluation.json` holds: how predictions do on annotated images, at the images' own sizes. */
export interface EvaluationFigures {
  readonly version: 1;
  readonly images: number;
  /** Mean over images for each class, then over classes. */
  readonly meanDice: number;
  readonly perClass: Readonly<Record<string, number>>;
  /** Worst first. */
  readonly worstImages: readonly ImageFigures[];
  /** Wrong pixels by what is wrong with them, over all images. */
  readonly errors: ErrorCounts;
  /** In the order of the dataset's classes. */
  readonly classes: Readonly<Record<string, ClassFigures>>;
  /**
   * For each kind of error, wrong pixels by their distance to the nearest border of the truth: at index d those more than
   * d - 1 and at most d pixels away (0: beside the border), at the last one all further away.
   */
  readonly borderDistances: Readonly<Record<ErrorKind, readonly number[]>>;
  /**
   * Pixels that lack the class of the row and wrongly have that of the column, classes in their order and then "none":
   * `[classes + 1][classes + 1]`.
   */
  readonly confusion: readonly (readonly number[])[];
  /** Of the surface Dice, pixels. */
  readonly surfaceTolerance: number;
}
