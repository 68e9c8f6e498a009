import { PhalanxError } from '../core/errors.ts';

/** What a text is read for. */
export interface TextContext {
  /** Pixels of the mask. */
  readonly width: number;
  /** Pixels of the mask. */
  readonly height: number;
  /** File and row, for the error message. */
  readonly where?: string | undefined;
}

/** How `start length` pairs count. */
export interface PairCounting {
  /** Starts count from the end of the run before. */
  readonly relative: boolean;
  /** Number of the first pixel. */
  readonly base: 0 | 1;
}

/** Numbers of one string before they are copied out; grows to the longest string seen. */
let scratch = new Uint32Array(4096);

/**
 * Positions at which the runs of `start length` pairs begin and end; runs that touch are joined.
 *
 * @throws PhalanxError `labels/rle` as `parseRle`.
 */
export function parsePairs(
  text: string,
  { relative, base }: PairCounting,
  context: TextContext,
): Uint32Array {
  const { width, height } = context;
  const pixels = width * height;
  let length = 0;
  let end = 0;
  let start = -1;
  let startedAt = 0;
  prepare(text, context);
  for (let i = 0; (i = skipSpace(text, i)) < text.length;) {
    const from = i;
    i = endOfDigits(text, from, context);
    const value = valueOf(text, from, i);
    if (start < 0) {
      start = relative ? end + value : value - base;
      startedAt = from;
      if (start < 0) {
        throw refuse('A mask has a run before the first pixel', `a start from ${base}`, text, from, context);
      }
      if (start < end) {
        const what = 'A mask has runs that overlap or are out of order';
        throw refuse(what, `a start from ${end + base}`, text, from, context);
      }
      continue;
    }
    if (value === 0) {
      throw refuse('A mask has an empty run', 'a length of at least 1', text, from, context);
    }
    if (start + value > pixels) {
      const expected = `pixels of a ${width}×${height} image`;
      throw refuse('A mask has a run beyond the image', expected, text, startedAt, context);
    }
    if (length > 0 && start === end) length--;
    else scratch[length++] = start;
    end = start + value;
    scratch[length++] = end;
    start = -1;
  }
  if (start >= 0) {
    const what = 'A mask has a start without a length';
    throw refuse(what, 'start and length in pairs', text, startedAt, context);
  }
  return scratch.slice(0, length);
}

/**
 * Numbers separated by white space.
 *
 * @throws PhalanxError `labels/rle` for any other character, or a text longer than any mask of the image.
 */
export function parseNumbers(text: string, context: TextContext): number[] {
  const numbers: number[] = [];
  prepare(text, context);
  for (let i = 0; (i = skipSpace(text, i)) < text.length;) {
    const from = i;
    i = endOfDigits(text, from, context);
    numbers.push(valueOf(text, from, i));
  }
  return numbers;
}

/** Refuses a text that no mask of the image needs, before anything is kept of it. */
function prepare(text: string, context: TextContext): void {
  // Ten digits and a space for every pixel, and some white space.
  const limit = 1024 + 11 * context.width * context.height;
  if (text.length > limit) {
    const what = 'A mask is longer than any mask of the image';
    throw refuse(what, `at most ${limit} characters`, text, limit, context);
  }
  // Every number takes a digit and a separator.
  if (scratch.length < text.length / 2 + 2) scratch = new Uint32Array(text.length);
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (isSpace(text.charCodeAt(i))) i++;
  return i;
}

function endOfDigits(text: string, from: number, context: TextContext): number {
  let i = from;
  while (isDigit(text.charCodeAt(i))) i++;
  if (i === from || (i < text.length && !isSpace(text.charCodeAt(i)))) {
    throw refuse('A mask has a character that is not a digit', 'digits and spaces', text, i, context);
  }
  return i;
}

function valueOf(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + (text.charCodeAt(i) - 48);
  return value;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function refuse(
  what: string,
  expected: string,
  text: string,
  position: number,
  { where }: TextContext,
): PhalanxError {
  const place = `character ${position + 1}`;
  return new PhalanxError('labels/rle', {
    what,
    where: where === undefined ? place : `${where}, ${place}`,
    expected,
    received: JSON.stringify(text.slice(position, position + 20)),
  });
}
