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
  const numbers = new NumberReader(text, context);
  // Every number takes a digit and a separator.
  if (scratch.length < text.length / 2 + 2) scratch = new Uint32Array(text.length);
  let length = 0;
  let end = 0;
  for (let first = numbers.read(); first >= 0; first = numbers.read()) {
    const startedAt = numbers.from;
    const start = relative ? end + first : first - base;
    if (start < 0) {
      throw refuse(
        'A mask has a run before the first pixel',
        `a start from ${base}`,
        text,
        startedAt,
        context,
      );
    }
    if (start < end) {
      const what = 'A mask has runs that overlap or are out of order';
      throw refuse(what, `a start from ${end + base}`, text, startedAt, context);
    }
    const count = numbers.read();
    if (count < 0) {
      const what = 'A mask has a start without a length';
      throw refuse(what, 'start and length in pairs', text, startedAt, context);
    }
    if (count === 0) {
      throw refuse('A mask has an empty run', 'a length of at least 1', text, numbers.from, context);
    }
    if (start + count > pixels) {
      const expected = `pixels of a ${width}×${height} image`;
      throw refuse('A mask has a run beyond the image', expected, text, startedAt, context);
    }
    if (length > 0 && start === end) length--;
    else scratch[length++] = start;
    end = start + count;
    scratch[length++] = end;
  }
  return scratch.slice(0, length);
}

/**
 * Numbers separated by white space.
 *
 * @throws PhalanxError `labels/rle` for any other character, or a text longer than any mask of the image.
 */
export function parseNumbers(text: string, context: TextContext): number[] {
  const found: number[] = [];
  const numbers = new NumberReader(text, context);
  for (let value = numbers.read(); value >= 0; value = numbers.read()) found.push(value);
  return found;
}

class NumberReader {
  /** Where the number that was read last begins. */
  from = 0;
  readonly #text: string;
  readonly #context: TextContext;
  #next = 0;

  /** Refuses a text that no mask of the image needs, before anything is kept of it. */
  constructor(text: string, context: TextContext) {
    this.#text = text;
    this.#context = context;
    // Ten digits and a space for every pixel, and some white space.
    const limit = 1024 + 11 * context.width * context.height;
    if (text.length > limit) {
      const what = 'A mask is longer than any mask of the image';
      throw refuse(what, `at most ${limit} characters`, text, limit, context);
    }
  }

  /** The next number, -1 at the end. */
  read(): number {
    const text = this.#text;
    let i = this.#next;
    let code = text.charCodeAt(i);
    while (isSpace(code)) code = text.charCodeAt(++i);
    this.from = i;
    let value = 0;
    while (code >= 48 && code <= 57) {
      value = value * 10 + (code - 48);
      code = text.charCodeAt(++i);
    }
    this.#next = i;
    if (i >= text.length) return i === this.from ? -1 : value;
    if (i === this.from || !isSpace(code)) {
      const what = 'A mask has a character that is not a digit';
      throw refuse(what, 'digits and spaces', text, i, this.#context);
    }
    return value;
  }
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
