import { PhalanxError } from '../core/errors.ts';
import type { ErrorParts } from '../core/errors.ts';
import type { RunMask } from './runs.ts';

/** Positions fit 31 bits, as in the kernels. */
const maxPixels = 0x7fffffff;

/** A mask as COCO's JSON files hold it: run lengths down the columns, first of background, then in turn. */
export interface CocoRle {
  /** `[height, width]`, pixels. */
  readonly size: readonly [height: number, width: number];
  /** Run lengths, or the same compressed into a string as pycocotools writes it. */
  readonly counts: string | readonly number[];
}

/** The plain run lengths of a column-major mask. */
export function cocoCounts({ width, height, order, boundaries }: RunMask): number[] {
  if (order !== 'column-major') {
    throw fail({ what: 'COCO counts pixels down the columns', expected: 'column-major', received: order });
  }
  const counts: number[] = [];
  let before = 0;
  for (const boundary of boundaries) {
    counts.push(boundary - before);
    before = boundary;
  }
  if (before < width * height) counts.push(width * height - before);
  return counts;
}

/**
 * Compressed counts, byte for byte those of pycocotools' `encode`: each count but the first three as the difference to
 * the last but one, in groups of five bits. Source: `rleToString` in `common/maskApi.c` of cocoapi.
 */
export function encodeCocoRle(mask: RunMask): CocoRle & { readonly counts: string } {
  const counts = cocoCounts(mask);
  const codes: number[] = [];
  for (const [index, count] of counts.entries()) {
    let rest = index > 2 ? count - counts[index - 2]! : count;
    for (let more = true; more;) {
      let code = rest & 0x1f;
      rest >>= 5;
      more = code & 0x10 ? rest !== -1 : rest !== 0;
      if (more) code |= 0x20;
      codes.push(code + 48);
    }
  }
  return { size: [mask.height, mask.width], counts: Buffer.from(codes).toString('latin1') };
}

/**
 * Reads plain or compressed counts.
 *
 * @param where File and key, for the error message.
 * @throws PhalanxError `labels/rle` when the size is none of an image, the string is no compressed RLE or longer than any
 *   mask of the image, a count is not a whole number of at least 0, or the counts do not add up to the size.
 */
export function parseCocoRle({ size: [height, width], counts }: CocoRle, where = 'a COCO mask'): RunMask {
  const pixels = width * height;
  if (!(isSide(width) && isSide(height) && pixels <= maxPixels)) {
    const expected = `sides of whole pixels, at most ${maxPixels} in all`;
    throw fail({ what: 'A mask has an impossible size', where, expected, received: `${width}×${height}` });
  }
  // A count is at most seven letters; every second count is at least 1.
  if (counts.length > (typeof counts === 'string' ? 14 : 2) * (pixels + 1)) {
    const expected = `counts of at most ${pixels} pixels`;
    throw fail({
      what: 'A mask is longer than any mask of the image',
      where,
      expected,
      received: `${counts.length}`,
    });
  }
  const lengths = typeof counts === 'string' ? decompress(counts, where) : counts;
  const boundaries = new Uint32Array(lengths.length);
  let length = 0;
  let position = 0;
  for (const [index, count] of lengths.entries()) {
    if (!Number.isInteger(count) || count < 0 || position + count > pixels) {
      const expected = `a whole number from 0 to ${pixels - position}`;
      throw fail({ what: `Count ${index} cannot be`, where, expected, received: String(count) });
    }
    position += count;
    // Background after the last run ends nothing.
    if (index === lengths.length - 1 && index % 2 === 0) break;
    // A run of no pixels joins its neighbours.
    if (length > 0 && boundaries[length - 1] === position) length--;
    else boundaries[length++] = position;
  }
  if (position !== pixels) {
    const expected = `${pixels} pixels`;
    throw fail({ what: 'The counts do not fill the image', where, expected, received: String(position) });
  }
  return { width, height, order: 'column-major', boundaries: boundaries.slice(0, length) };
}

function isSide(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

/** Source: `rleFrString` in `common/maskApi.c` of cocoapi. */
function decompress(text: string, where: string): number[] {
  const counts: number[] = [];
  for (let i = 0; i < text.length;) {
    const from = i;
    let value = 0;
    let unit = 1;
    for (let more = true; more; i++) {
      const code = text.charCodeAt(i) - 48;
      // Seven groups of five bits hold more than any image has pixels; past the end the code is NaN.
      if (!(code >= 0 && code < 64) || i - from > 6) {
        const expected = 'compressed counts as pycocotools writes them';
        const received = JSON.stringify(text.slice(from, from + 20));
        throw fail({ what: `Character ${i + 1} cannot be`, where, expected, received });
      }
      value += (code & 0x1f) * unit;
      unit *= 32;
      more = (code & 0x20) !== 0;
      if (!more && code & 0x10) value -= unit;
    }
    counts.push(counts.length > 2 ? value + counts[counts.length - 2]! : value);
  }
  return counts;
}

function fail(parts: ErrorParts): PhalanxError {
  return new PhalanxError('labels/rle', parts);
}
