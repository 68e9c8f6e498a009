import { release } from '../pixels/memory.ts';
import { nativePixels } from '../pixels/native.ts';
import { knownLabels } from './classSets.ts';
import { checkSameSize } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';

interface OverlapKernels {
  /** `[bits, bits]` counts, `bits` = 32 per plane. */
  overlapTable(planes: readonly Uint32Array[], pixels: number): Promise<Float64Array>;
}

/** Pixels that class `i` of one label map shares with class `j` of the same or another. */
export interface OverlapTable {
  /** Classes of the first label map. */
  readonly rows: number;
  /** Classes of the second label map. */
  readonly columns: number;
  /** `[rows, columns]`, row-major, pixels. */
  readonly counts: Float64Array;
}

/** Shared pixels of each pair of classes, `[classes, classes]`; the diagonal holds the classes' areas. */
export async function overlapTable(labels: LabelMap): Promise<OverlapTable> {
  const counts = await nativePixels<OverlapKernels>().overlapTable(
    labels.planes,
    labels.width * labels.height,
  );
  const bits = 32 * labels.planes.length;
  return cutTable(counts, bits, { rows: labels.classes, columns: labels.classes, firstColumn: 0 });
}

/** Pixels of each class, `[classes]`. */
export async function classAreas(labels: LabelMap): Promise<Float64Array> {
  const { counts } = await overlapTable(labels);
  return Float64Array.from({ length: labels.classes }, (_, index) => counts[index * (labels.classes + 1)]!);
}

/** How two label maps of the same size share their pixels. */
export interface LabelComparison {
  /** `[a.classes, b.classes]`: pixels of class i of `a` that `b` gives to class j. */
  readonly overlap: OverlapTable;
  /** Pixels of each class of `a`, `[a.classes]`. */
  readonly areasA: Float64Array;
  /** Pixels of each class of `b`, `[b.classes]`. */
  readonly areasB: Float64Array;
}

/**
 * Counts everything that Dice, IoU, precision, recall and a confusion table need in one pass over both label maps, off
 * the JavaScript thread.
 *
 * @throws PhalanxError `labels/mask-mismatch` when sizes differ.
 */
export async function compareLabels(a: LabelMap, b: LabelMap): Promise<LabelComparison> {
  checkSameSize(a, b);
  const planes = [...a.planes, ...b.planes];
  const counts = await nativePixels<OverlapKernels>().overlapTable(planes, a.width * a.height);
  const bits = 32 * planes.length;
  const firstB = 32 * a.planes.length;
  return {
    overlap: cutTable(counts, bits, { rows: a.classes, columns: b.classes, firstColumn: firstB }),
    areasA: Float64Array.from({ length: a.classes }, (_, i) => counts[i * (bits + 1)]!),
    areasB: Float64Array.from({ length: b.classes }, (_, i) => counts[(firstB + i) * (bits + 1)]!),
  };
}

/**
 * Pixels of each class in a prediction, in its truth, and in both, `[classes]`. Pixels of which the truth says that they
 * are unknown are in none of them.
 */
export async function countAgreement(
  predicted: LabelMap,
  target: LabelMap,
): Promise<Record<'intersection' | 'predicted' | 'target', Float64Array>> {
  const { unknown } = target;
  const [a, b] =
    unknown === undefined
      ? [predicted, target]
      : await Promise.all([knownLabels(predicted, unknown), knownLabels(target, unknown)]);
  const { overlap, areasA, areasB } = await compareLabels(a, b);
  if (unknown !== undefined) release([...a.planes, ...b.planes]);
  const intersection = Float64Array.from(
    { length: Math.min(a.classes, b.classes) },
    (_, i) => overlap.counts[i * (overlap.columns + 1)]!,
  );
  return { intersection, predicted: areasA, target: areasB };
}

/** `2·|A∩B| / (|A| + |B| + ε)` of each class, `[classes]`; 0 where both are empty. */
export async function diceOfLabels(
  a: LabelMap,
  b: LabelMap,
  { epsilon = 1e-4 }: { readonly epsilon?: number } = {},
): Promise<Float64Array> {
  const { intersection, predicted, target } = await countAgreement(a, b);
  return intersection.map((shared, i) => (2 * shared) / (predicted[i]! + target[i]! + epsilon));
}

interface TablePart {
  readonly rows: number;
  readonly columns: number;
  readonly firstColumn: number;
}

function cutTable(
  counts: Float64Array,
  bits: number,
  { rows, columns, firstColumn }: TablePart,
): OverlapTable {
  const part = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const start = i * bits + firstColumn;
    part.set(counts.subarray(start, start + columns), i * columns);
  }
  return { rows, columns, counts: part };
}
