import type { LabelMap } from '../../labels/labelMap.ts';
import { countAgreement } from '../../labels/overlap.ts';
import { surfaceDistances } from '../../labels/surfaceDistances.ts';
import { hausdorffDistance, normalizedSurfaceDice } from '../../labels/surfaceMetrics.ts';
import { DiceAccumulator } from '../../objectives/diceScore.ts';
import type { Image } from '../../pixels/image.ts';
import { distanceBins, errorKinds, errorMap } from '../errorMap.ts';
import type { ErrorMap } from '../errorMap.ts';
import type { ClassFigures, EvaluationFigures, ImageFigures } from './figures.ts';

/** What one image adds. */
export interface EvaluatedImage {
  readonly figures: ImageFigures;
  /** `[classes]`. */
  readonly dice: Float64Array;
  readonly map: ErrorMap;
}

const emptyCounts = { confused: 0, missed: 0, extra: 0, labelled: 0 };

/** Streams images into an evaluation. What is kept of an image is a few numbers per class. */
export class EvaluationAccumulator {
  readonly #classes: readonly string[];
  readonly #tolerance: number;
  readonly #dice: DiceAccumulator;
  readonly #images: ImageFigures[] = [];
  readonly #confusion: Float64Array;
  readonly #confused: Float64Array;
  readonly #areas: { readonly truth: Float64Array; readonly predicted: Float64Array };
  readonly #distances = errorKinds.map(() => new Float64Array(distanceBins));
  /** By class, of the images that have it in the truth or the prediction. */
  readonly #hausdorff: number[][];
  readonly #surfaceDice: number[][];
  readonly #notFound: Float64Array;
  readonly #madeUp: Float64Array;
  readonly #worst: { id: string; dice: number }[];
  #errors = emptyCounts;

  /** @param tolerance of the surface Dice, pixels. */
  constructor(classes: readonly string[], tolerance = 2) {
    const { length } = classes;
    this.#classes = classes;
    this.#tolerance = tolerance;
    this.#dice = new DiceAccumulator(length);
    this.#confusion = new Float64Array((length + 1) ** 2);
    this.#confused = new Float64Array(length);
    this.#areas = { truth: new Float64Array(length), predicted: new Float64Array(length) };
    this.#hausdorff = classes.map(() => []);
    this.#surfaceDice = classes.map(() => []);
    this.#notFound = new Float64Array(length);
    this.#madeUp = new Float64Array(length);
    this.#worst = classes.map(() => ({ id: '', dice: Infinity }));
  }

  /**
   * Adds one image.
   *
   * @throws PhalanxError `analysis/error-map` when sizes or numbers of classes differ.
   */
  async add(id: string, image: Image, truth: LabelMap, prediction: LabelMap): Promise<EvaluatedImage> {
    const map = await errorMap(image, truth, prediction);
    const [agreement, surfaces] = await Promise.all([
      countAgreement(prediction, truth),
      surfaceDistances(prediction, truth),
    ]);
    const dice = this.#dice.add(agreement);
    for (const [c, distances] of surfaces.entries()) {
      const [predicted, target] = [agreement.predicted[c]!, agreement.target[c]!];
      this.#areas.truth[c]! += target;
      this.#areas.predicted[c]! += predicted;
      if (predicted === 0 && target > 0) this.#notFound[c]!++;
      if (predicted > 0 && target === 0) this.#madeUp[c]!++;
      if (predicted + target > 0) {
        this.#hausdorff[c]!.push(hausdorffDistance(distances, 95));
        this.#surfaceDice[c]!.push(normalizedSurfaceDice(distances, this.#tolerance));
      }
      if (dice[c]! < this.#worst[c]!.dice) this.#worst[c] = { id, dice: dice[c]! };
    }
    addTo(this.#confusion, map.confusion);
    addTo(this.#confused, map.confusedByClass);
    for (const [k, kind] of errorKinds.entries()) addTo(this.#distances[k]!, map.distances[kind]);
    this.#errors = {
      confused: this.#errors.confused + map.counts.confused,
      missed: this.#errors.missed + map.counts.missed,
      extra: this.#errors.extra + map.counts.extra,
      labelled: this.#errors.labelled + map.counts.labelled,
    };
    const worst = dice.indexOf(Math.min(...dice));
    const figures = {
      id,
      meanDice: dice.reduce((sum, value) => sum + value, 0) / dice.length,
      errors: map.counts,
      worstClass: { className: this.#classes[worst]!, dice: dice[worst]! },
    };
    this.#images.push(figures);
    return { figures, dice, map };
  }

  finish(): EvaluationFigures {
    const { mean, perClass } = this.#dice.summary();
    const { length } = this.#classes;
    const byName = <Value>(value: (c: number) => Value): Record<string, Value> =>
      Object.fromEntries(this.#classes.map((name, c) => [name, value(c)]));
    return {
      version: 1,
      images: this.#images.length,
      meanDice: mean,
      perClass: byName((c) => perClass[c]!),
      worstImages: [...this.#images].sort((a, b) => a.meanDice - b.meanDice),
      errors: this.#errors,
      classes: byName((c) => this.#classFigures(c, perClass[c]!)),
      borderDistances: {
        confused: [...this.#distances[0]!],
        missed: [...this.#distances[1]!],
        extra: [...this.#distances[2]!],
      },
      confusion: Array.from({ length: length + 1 }, (_, c) => [...this.#row(c)]),
      surfaceTolerance: this.#tolerance,
    };
  }

  #row(c: number): Float64Array {
    const columns = this.#classes.length + 1;
    return this.#confusion.subarray(c * columns, (c + 1) * columns);
  }

  #classFigures(c: number, dice: number): ClassFigures {
    const none = this.#classes.length;
    const row = this.#row(c);
    const takenFor = this.#classes
      .map((className, d) => ({ className, pixels: row[d]! }))
      .filter(({ pixels }) => pixels > 0)
      .sort((a, b) => b.pixels - a.pixels)
      .slice(0, 3);
    const { [c]: surface } = this.#surfaceDice;
    return {
      dice,
      truth: this.#areas.truth[c]!,
      predicted: this.#areas.predicted[c]!,
      confused: this.#confused[c]!,
      missed: row[none]!,
      extra: this.#row(none)[c]!,
      takenFor,
      hausdorff95: finiteMedian(this.#hausdorff[c]!),
      surfaceDice:
        surface!.length === 0 ? null : surface!.reduce((sum, value) => sum + value, 0) / surface!.length,
      notFound: this.#notFound[c]!,
      madeUp: this.#madeUp[c]!,
      worstImage: this.#worst[c]!,
    };
  }
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (const [i, value] of values.entries()) sums[i]! += value;
}

/** The lower of the two in the middle, so that one infinite distance of two does not hide the other. */
function finiteMedian(values: readonly number[]): number | null {
  const middle = [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
  return middle === undefined || !Number.isFinite(middle) ? null : middle;
}
