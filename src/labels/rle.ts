import { PhalanxError } from '../core/errors.ts';
import { nativePixels } from '../pixels/native.ts';
import { cocoCounts, encodeCocoRle, parseCocoRle } from './cocoRle.ts';
import type { LabelMap } from './labelMap.ts';
import { parseNumbers, parsePairs } from './rleText.ts';
import type { TextContext } from './rleText.ts';
import { labelRuns, labelsOfRuns } from './runs.ts';
import type { PixelOrder, RunMask } from './runs.ts';

/** How a competition or a format writes a run-length encoded mask as one string. */
export type RleDialect = PairDialect | CountsDialect;

/** `start length` pairs, separated by spaces. */
export type PairDialect = {
  readonly order: PixelOrder;
  /** What stands for a mask without pixels. */
  readonly empty: '' | '-1';
} & (
  | { readonly starts: 'absolute'; /** Number of the first pixel. */ readonly base: 0 | 1 }
  /** A start is the number of pixels since the end of the run before. */
  | { readonly starts: 'relative' }
);

/** COCO's: no starts, but the lengths of background and mask in turn, first of background. */
export interface CountsDialect {
  readonly order: 'column-major';
  readonly starts: 'implied';
  /** As pycocotools packs the lengths into letters; else numbers separated by spaces. */
  readonly compressed: boolean;
}

/** The dialects of known competitions and formats. */
export const rleDialects = {
  handBone: { order: 'row-major', starts: 'absolute', base: 1, empty: '' },
  uwMadison: { order: 'row-major', starts: 'absolute', base: 1, empty: '' },
  hubmap: { order: 'column-major', starts: 'absolute', base: 1, empty: '' },
  siimAcr: { order: 'column-major', starts: 'relative', empty: '-1' },
  coco: { order: 'column-major', starts: 'implied', compressed: true },
  cocoPlain: { order: 'column-major', starts: 'implied', compressed: false },
} as const satisfies Record<string, RleDialect>;

interface RleKernels {
  encodeRle(
    planes: readonly Uint32Array[],
    width: number,
    height: number,
    classes: number,
    columnMajor: boolean,
    relative: boolean,
    base: number,
  ): Promise<string[]>;
}

/** One string per class, `[classes]`, from one scan of the label map off the JavaScript thread. */
export async function encodeRle(labels: LabelMap, dialect: RleDialect): Promise<string[]> {
  if (dialect.starts === 'implied') {
    const masks = await labelRuns(labels, dialect.order);
    return masks.map((mask) => formatRle(mask, dialect));
  }
  const texts = await nativePixels<RleKernels>().encodeRle(
    labels.planes,
    labels.width,
    labels.height,
    labels.classes,
    dialect.order === 'column-major',
    ...pairCounting(dialect),
  );
  return texts.map((text) => (text === '' ? dialect.empty : text));
}

/** How pairs count, as kernels take it. */
export function pairCounting(dialect: PairDialect): [relative: boolean, base: number] {
  return dialect.starts === 'relative' ? [true, 0] : [false, dialect.base];
}

/** @throws PhalanxError `labels/mask-mismatch` when the mask counts pixels in another order than the dialect. */
export function formatRle(mask: RunMask, dialect: RleDialect): string {
  if (mask.order !== dialect.order) {
    throw new PhalanxError('labels/mask-mismatch', {
      what: 'A mask cannot be written in a dialect that counts its pixels in another order',
      expected: dialect.order,
      received: mask.order,
    });
  }
  if (dialect.starts === 'implied') {
    return dialect.compressed ? encodeCocoRle(mask).counts : cocoCounts(mask).join(' ');
  }
  const { boundaries } = mask;
  if (boundaries.length === 0) return dialect.empty;
  const parts: number[] = [];
  for (let i = 0; i < boundaries.length; i += 2) {
    const start = boundaries[i]!;
    const before = i === 0 ? 0 : boundaries[i - 1]!;
    parts.push(
      dialect.starts === 'relative' ? start - before : start + dialect.base,
      boundaries[i + 1]! - start,
    );
  }
  return parts.join(' ');
}

/** What a run-length encoded string is read as. */
export interface RleContext extends TextContext {
  readonly dialect: RleDialect;
}

/**
 * Reads one run-length encoded string, strictly. Numbers may be separated by any white space; runs that touch become one.
 *
 * @throws PhalanxError `labels/rle` naming the character or the run at fault: anything but digits and white space, a
 *   start without length, a length of 0, runs out of order or overlapping, a run beyond the image, a text longer than any
 *   mask of the image; of counts, what `parseCocoRle` refuses.
 */
export function parseRle(text: string, { dialect, ...context }: RleContext): RunMask {
  const { width, height, where } = context;
  if (dialect.starts === 'implied') {
    const counts = dialect.compressed ? text : parseNumbers(text, context);
    return parseCocoRle({ size: [height, width], counts }, where);
  }
  const relative = dialect.starts === 'relative';
  const counting = { relative, base: relative ? 0 : dialect.base } as const;
  const boundaries = text === dialect.empty ? new Uint32Array(0) : parsePairs(text, counting, context);
  return { width, height, order: dialect.order, boundaries };
}

/**
 * A label map from one string per class, `[classes]`; painted off the JavaScript thread.
 *
 * @throws PhalanxError `labels/rle` as `parseRle`.
 */
export function decodeRle(texts: readonly string[], context: RleContext): Promise<LabelMap> {
  const { dialect, width, height, where } = context;
  const masks = texts.map((text, classIndex) => {
    const place = `class ${classIndex}`;
    return parseRle(text, { ...context, where: where === undefined ? place : `${where}, ${place}` });
  });
  return labelsOfRuns(masks, { width, height, order: dialect.order });
}
