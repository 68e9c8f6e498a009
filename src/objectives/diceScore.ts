import { PhalanxError } from '../core/errors.ts';

/** Keeps the score of an image finite where both masks are empty; there the competition scores 0. */
export const diceEpsilon = 1e-4;

/** Dice of two masks from their areas and the area they share, in pixels: `2 |A and B| / (|A| + |B| + 1e-4)`. */
export function diceScore(intersection: number, predictedArea: number, targetArea: number): number {
  return (2 * intersection) / (predictedArea + targetArea + diceEpsilon);
}

/** Pixels of each class in one image's prediction, in its truth, and in both. */
export interface DiceCounts {
  readonly intersection: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
  readonly target: ArrayLike<number>;
}

export interface DiceSummary {
  /** Mean of `perClass`. */
  readonly mean: number;
  /** For each class, the mean over images. */
  readonly perClass: readonly number[];
  readonly images: number;
}

/** Streams images into the competition's score: Dice per image and class, mean over images, then over classes. */
export class DiceAccumulator {
  readonly classes: number;
  readonly #sums: Float64Array;
  #images = 0;

  constructor(classes: number) {
    this.classes = classes;
    this.#sums = new Float64Array(classes);
  }

  /**
   * Adds one image.
   *
   * @returns Its Dice for each class.
   * @throws PhalanxError `metric/counts` when the counts cannot be those of two masks.
   */
  add({ intersection, predicted, target }: DiceCounts): Float64Array {
    if ([intersection, predicted, target].some(({ length }) => length !== this.classes)) {
      throw impossible(
        `${this.classes} counts`,
        `${intersection.length}, ${predicted.length} and ${target.length}`,
      );
    }
    const scores = new Float64Array(this.classes);
    for (let c = 0; c < this.classes; c++) {
      const [shared, a, b] = [intersection[c]!, predicted[c]!, target[c]!];
      if (!(shared >= 0 && shared <= a && shared <= b && Number.isFinite(a + b))) {
        throw impossible('0 <= intersection <= both areas', `${shared} of ${a} and ${b} in class ${c}`);
      }
      scores[c] = diceScore(shared, a, b);
    }
    for (let c = 0; c < this.classes; c++) this.#sums[c]! += scores[c]!;
    this.#images += 1;
    return scores;
  }

  /** @throws PhalanxError `metric/empty` when no image was added. */
  summary(): DiceSummary {
    if (this.#images === 0) {
      throw new PhalanxError('metric/empty', { what: 'Dice was asked for before any image was scored' });
    }
    const perClass = Array.from(this.#sums, (sum) => sum / this.#images);
    const mean = perClass.reduce((sum, dice) => sum + dice, 0) / this.classes;
    return { mean, perClass, images: this.#images };
  }
}

function impossible(expected: string, received: string): PhalanxError {
  return new PhalanxError('metric/counts', {
    what: 'The pixel counts are not those of two masks',
    expected,
    received,
  });
}
