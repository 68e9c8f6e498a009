import { PhalanxError } from '../core/errors.ts';

/**
 * Overlapping masks of many classes, packed: class `c` of pixel `(x, y)` is bit `c % 32` of
 * `planes[c >> 5][y * width + x]`. Up to 32 classes are one 32-bit integer per pixel.
 */
export interface LabelMap {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Number of classes; bits at and above it are zero. */
  readonly classes: number;
  /** `ceil(classes / 32)` planes of `height * width` integers, row-major. */
  readonly planes: readonly Uint32Array[];
  /**
   * 1 where nobody knows which classes the pixel has, 0 elsewhere; `height * width`. Whatever `planes` say there counts
   * for no loss and no score. Undefined: all pixels are known.
   */
  readonly unknown?: Uint32Array | undefined;
}

/** Number of 32-bit planes that hold this many classes. */
export function planeCount(classes: number): number {
  return Math.ceil(classes / 32);
}

/** A label map in which no pixel belongs to any class. */
export function createLabelMap(width: number, height: number, classes: number): LabelMap {
  const planes = Array.from({ length: planeCount(classes) }, () => new Uint32Array(width * height));
  return { width, height, classes, planes };
}

/** The label map with a plane of unknown pixels, of which there are none if it had none. */
export function withUnknown(labels: LabelMap): LabelMap {
  return labels.unknown === undefined
    ? { ...labels, unknown: new Uint32Array(labels.width * labels.height) }
    : labels;
}

/** All planes of a label map, that of unknown pixels last, where there is one. */
export function allPlanes({ planes, unknown }: LabelMap): readonly Uint32Array[] {
  return unknown === undefined ? planes : [...planes, unknown];
}

/** The planes that `allPlanes` gave of a label map, moved to another size, as a label map. */
export function withPlanes(
  from: LabelMap,
  { width, height }: { readonly width: number; readonly height: number },
  planes: readonly Uint32Array[],
): LabelMap {
  const { classes } = from;
  const known = { width, height, classes, planes: planes.slice(0, from.planes.length) };
  return from.unknown === undefined ? known : { ...known, unknown: planes[from.planes.length]! };
}

/** @throws PhalanxError `labels/mask-mismatch` when width or height differ. */
export function checkSameSize(a: LabelMap, b: LabelMap): void {
  const size = ({ width, height }: LabelMap) => `${width}×${height}`;
  if (size(a) !== size(b)) throw mismatch('sizes', size(a), size(b));
}

/** @throws PhalanxError `labels/mask-mismatch` when width, height or the number of classes differ. */
export function checkSameShape(a: LabelMap, b: LabelMap): void {
  checkSameSize(a, b);
  if (a.classes !== b.classes) throw mismatch('classes', `${a.classes} classes`, String(b.classes));
}

function mismatch(different: string, expected: string, received: string): PhalanxError {
  const what = `Label maps of different ${different} cannot be compared or combined`;
  return new PhalanxError('labels/mask-mismatch', { what, expected, received });
}
