import { PhalanxError } from '../core/errors.ts';
import { nativePixels } from '../pixels/native.ts';
import { createLabelMap } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';

/** In which order a mask's pixels are counted: along rows (C, NumPy's `ravel()`) or down columns (Fortran, COCO). */
export type PixelOrder = 'row-major' | 'column-major';

/** One mask as the runs of its pixels: what set operations, votes and metrics work on, without ever decoding it. */
export interface RunMask {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly order: PixelOrder;
  /**
   * Positions (0-based, in `order`) at which the mask begins (even index) and ends (odd index, exclusive): strictly
   * increasing, at most `width * height`.
   */
  readonly boundaries: Uint32Array;
}

interface RunKernels {
  labelRuns(
    planes: readonly Uint32Array[],
    width: number,
    height: number,
    classes: number,
    columnMajor: boolean,
  ): Promise<Uint32Array<ArrayBuffer>[]>;
  paintRuns(
    planes: readonly Uint32Array[],
    width: number,
    height: number,
    boundaries: readonly Uint32Array[],
    columnMajor: boolean,
  ): Promise<unknown>;
}

/** The runs of every class, `[classes]`, from one scan off the JavaScript thread. */
export async function labelRuns(labels: LabelMap, order: PixelOrder = 'row-major'): Promise<RunMask[]> {
  const { width, height, classes, planes } = labels;
  const runs = await nativePixels<RunKernels>().labelRuns(
    planes,
    width,
    height,
    classes,
    order === 'column-major',
  );
  return runs.map((boundaries) => ({ width, height, order, boundaries }));
}

/** What the masks of a label map have in common. */
export type RunMaskShape = Pick<RunMask, 'width' | 'height' | 'order'>;

/**
 * A label map from the mask of each class, `[classes]`, painted off the JavaScript thread.
 *
 * @throws PhalanxError `labels/mask-mismatch` when a mask has another size or order than `shape`.
 */
export async function labelsOfRuns(masks: readonly RunMask[], shape: RunMaskShape): Promise<LabelMap> {
  const { width, height, order } = shape;
  checkAlike([shape, ...masks]);
  const labels = createLabelMap(width, height, masks.length);
  await nativePixels<RunKernels>().paintRuns(
    labels.planes,
    width,
    height,
    masks.map(({ boundaries }) => boundaries),
    order === 'column-major',
  );
  return labels;
}

/** Number of pixels in the mask. */
export function runArea({ boundaries }: RunMask): number {
  let area = 0;
  for (let i = 0; i < boundaries.length; i += 2) area += boundaries[i + 1]! - boundaries[i]!;
  return area;
}

/** Number of pixels in both masks. */
export function runIntersection(a: RunMask, b: RunMask): number {
  checkAlike([a, b]);
  const [p, q] = [a.boundaries, b.boundaries];
  let area = 0;
  for (let i = 0, j = 0; i < p.length && j < q.length;) {
    const [endP, endQ] = [p[i + 1]!, q[j + 1]!];
    const overlap = Math.min(endP, endQ) - Math.max(p[i]!, q[j]!);
    if (overlap > 0) area += overlap;
    if (endP <= endQ) i += 2;
    if (endQ <= endP) j += 2;
  }
  return area;
}

/** How `runDice` counts. */
export interface DiceOptions {
  /** Added to the denominator; the hand-bone competition takes 1e-4. */
  readonly epsilon?: number;
}

/** `2·|A∩B| / (|A| + |B| + ε)` in [0, 1]; two empty masks give 0, as in the competition's metric. */
export function runDice(a: RunMask, b: RunMask, { epsilon = 1e-4 }: DiceOptions = {}): number {
  return (2 * runIntersection(a, b)) / (runArea(a) + runArea(b) + epsilon);
}

/** One mask's say in a vote. */
export interface Ballot {
  readonly mask: RunMask;
  /** Weight, at least 0. */
  readonly weight: number;
}

/**
 * The pixels whose masks' weights add up to at least `minimum`: with weights 1, `minimum` 1 is the union, the number of
 * masks the intersection, and more than half of it the majority. A merge of sorted runs: time goes with the number of
 * runs, not of pixels.
 *
 * @throws RangeError without ballots, or when `minimum` is not above 0.
 */
export function voteRuns(ballots: readonly Ballot[], minimum: number): RunMask {
  const first = ballots[0];
  if (first === undefined || !(minimum > 0))
    throw new RangeError('A vote needs a ballot and a minimum above 0');
  checkAlike(ballots.map(({ mask }) => mask));
  const members = ballots.map(({ mask, weight }) => ({ boundaries: mask.boundaries, weight, next: 0 }));
  const result = new Uint32Array(members.reduce((sum, { boundaries }) => sum + boundaries.length, 0));
  let length = 0;
  for (;;) {
    let position = Infinity;
    for (const { boundaries, next } of members) {
      if (next < boundaries.length && boundaries[next]! < position) position = boundaries[next]!;
    }
    if (position === Infinity) break;
    let weight = 0;
    for (const member of members) {
      if (member.boundaries[member.next] === position) member.next++;
      // Odd: inside one of the member's runs. Summed afresh, so that no rounding error travels along the image.
      if (member.next & 1) weight += member.weight;
    }
    if (weight >= minimum !== (length & 1) > 0) result[length++] = position;
  }
  const { width, height, order } = first.mask;
  return { width, height, order, boundaries: result.slice(0, length) };
}

/** Sets the mask's pixels in one class of a label map; other bits stay as they are. */
export function paintRuns(labels: LabelMap, classIndex: number, mask: RunMask): void {
  const plane = labels.planes[classIndex >> 5];
  if (plane === undefined || classIndex >= labels.classes) {
    throw new RangeError(`Class ${classIndex} of a label map with ${labels.classes}`);
  }
  const { width, height, order, boundaries } = mask;
  checkAlike([mask, { ...labels, order }]);
  const bit = 1 << (classIndex & 31);
  for (let i = 0; i < boundaries.length; i += 2) {
    const [start, end] = [boundaries[i]!, boundaries[i + 1]!];
    if (order === 'row-major') {
      for (let position = start; position < end; position++) plane[position]! |= bit;
    } else {
      for (let position = start; position < end; position++) {
        plane[(position % height) * width + Math.floor(position / height)]! |= bit;
      }
    }
  }
}

/** @throws PhalanxError `labels/mask-mismatch` when sizes or orders differ. */
function checkAlike(masks: readonly RunMaskShape[]): void {
  const describe = (mask: RunMaskShape) => `${mask.width}×${mask.height} ${mask.order}`;
  const [first, ...others] = masks;
  for (const other of others) {
    if (first !== undefined && describe(first) !== describe(other)) {
      throw new PhalanxError('labels/mask-mismatch', {
        what: 'Masks of different sizes or pixel orders cannot be compared',
        expected: describe(first),
        received: describe(other),
      });
    }
  }
}
