import { PhalanxError } from '../core/errors.ts';
import { nativePixels } from '../pixels/native.ts';
import type { LabelMap } from './labelMap.ts';
import type { PixelOrder, RunMask } from './runs.ts';

/** How a competition writes run-length encoded masks: `start length` pairs in one string. */
export type RleDialect = {
  readonly order: PixelOrder;
  /** What stands for a mask without pixels. */
  readonly empty: '' | '-1';
} & (
  | { readonly starts: 'absolute'; /** Number of the first pixel. */ readonly base: 0 | 1 }
  /** A start is the number of pixels since the end of the run before. */
  | { readonly starts: 'relative' }
);

/** The dialects of known competitions. */
export const rleDialects = {
  handBone: { order: 'row-major', starts: 'absolute', base: 1, empty: '' },
  uwMadison: { order: 'row-major', starts: 'absolute', base: 1, empty: '' },
  hubmap: { order: 'column-major', starts: 'absolute', base: 1, empty: '' },
  siimAcr: { order: 'column-major', starts: 'relative', empty: '-1' },
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
  const texts = await nativePixels<RleKernels>().encodeRle(
    labels.planes,
    labels.width,
    labels.height,
    labels.classes,
    dialect.order === 'column-major',
    dialect.starts === 'relative',
    dialect.starts === 'absolute' ? dialect.base : 0,
  );
  return texts.map((text) => (text === '' ? dialect.empty : text));
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
export interface RleContext {
  readonly dialect: RleDialect;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** File and row, for the error message. */
  readonly where?: string;
}

/** Numbers of one string before they are copied out; grows to the longest string seen. */
let scratch = new Uint32Array(4096);

/**
 * Reads one run-length encoded string. Numbers may be separated by any white space; runs that touch become one.
 *
 * @throws PhalanxError `labels/rle` naming the character or the run at fault: anything but digits and white space, a
 *   start without length, a length of 0, runs out of order or overlapping, a run beyond the image.
 */
export function parseRle(text: string, { dialect, width, height, where }: RleContext): RunMask {
  const pixels = width * height;
  const fail = (what: string, position: number, expected: string, received: string) => {
    const place = `character ${position + 1}`;
    return new PhalanxError('labels/rle', {
      what,
      where: where === undefined ? place : `${where}, ${place}`,
      expected,
      received,
    });
  };
  const { order } = dialect;
  const relative = dialect.starts === 'relative';
  const base = dialect.starts === 'absolute' ? dialect.base : 0;
  if (text === dialect.empty) return { width, height, order, boundaries: new Uint32Array(0) };
  // Every number takes a digit and a separator.
  if (scratch.length < text.length / 2 + 2) scratch = new Uint32Array(text.length);
  let length = 0;
  let end = 0;
  let start = -1;
  let startedAt = 0;
  for (let i = 0; i < text.length;) {
    let code = text.charCodeAt(i);
    if (isSpace(code)) {
      i++;
      continue;
    }
    const from = i;
    let value = 0;
    for (; code >= 48 && code <= 57; code = text.charCodeAt(i)) {
      value = value * 10 + (code - 48);
      i++;
    }
    if (i === from || (i < text.length && !isSpace(code))) {
      throw fail('A mask has a character that is not a digit', i, 'digits and spaces', excerpt(text, i));
    }
    if (start < 0) {
      start = relative ? end + value : value - base;
      startedAt = from;
      if (start < 0)
        throw fail(
          'A mask has a run before the first pixel',
          from,
          `a start from ${base}`,
          excerpt(text, from),
        );
      if (start < end) {
        const what = 'A mask has runs that overlap or are out of order';
        throw fail(what, from, `a start from ${end + base}`, excerpt(text, from));
      }
    } else {
      if (value === 0)
        throw fail('A mask has an empty run', from, 'a length of at least 1', excerpt(text, from));
      if (start + value > pixels) {
        const expected = `pixels of a ${width}×${height} image`;
        throw fail('A mask has a run beyond the image', startedAt, expected, excerpt(text, startedAt));
      }
      if (length > 0 && start === end) length--;
      else scratch[length++] = start;
      end = start + value;
      scratch[length++] = end;
      start = -1;
    }
  }
  if (start >= 0) {
    throw fail(
      'A mask has a start without a length',
      startedAt,
      'start and length in pairs',
      excerpt(text, startedAt),
    );
  }
  return { width, height, order, boundaries: scratch.slice(0, length) };
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function excerpt(text: string, position: number): string {
  return JSON.stringify(text.slice(position, position + 20));
}
