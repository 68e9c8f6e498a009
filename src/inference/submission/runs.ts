/**
 * The foreground of one mask as boundaries over the row-major pixels: `[start, end, start, end, …]`, 0-based, ends
 * exclusive, strictly ascending (runs that touch are one run).
 */
export type Boundaries = Uint32Array;

/** What is wrong with an RLE text, and where. */
export interface RunDefect {
  readonly kind: 'malformed' | 'out-of-bounds' | 'overlapping';
  readonly what: string;
  /** 0-based byte within the RLE field. */
  readonly position: number;
}

const zero = 0x30;
const space = 0x20;
/** Longest number that a run may have: 2³² has ten digits. */
const maximumDigits = 10;

/**
 * Parses `start length` pairs (1-based starts, single spaces), keeping its buffer from one call to the next so that
 * a row costs no allocation.
 */
export class RunParser {
  #buffer = new Uint32Array(1024);

  /**
   * The runs as boundaries, valid until the next call; or what is wrong with the first wrong one.
   *
   * @param pixels number of pixels of the mask; runs must lie within it. At most 2³² − 1, the default.
   */
  parse(rle: Uint8Array, pixels = 0xffffffff): Boundaries | RunDefect {
    const length = rle.length;
    if (length === 0) return this.#buffer.subarray(0, 0);
    if (this.#buffer.length < length / 2 + 1) this.#buffer = new Uint32Array(length);
    const out = this.#buffer;
    let count = 0;
    let at = 0;
    let previousEnd = 0;
    do {
      const startAt = at;
      let start = 0;
      while (at < length && (rle[at]! - zero) >>> 0 <= 9) start = start * 10 + rle[at++]! - zero;
      if (at === startAt || at - startAt > maximumDigits) return malformed(rle, startAt, 'a start');
      if (at === length) return { kind: 'malformed', what: 'a start without a length', position: startAt };
      if (rle[at] !== space) return malformed(rle, at, 'a single space');
      const lengthAt = ++at;
      let run = 0;
      while (at < length && (rle[at]! - zero) >>> 0 <= 9) run = run * 10 + rle[at++]! - zero;
      if (at === lengthAt || at - lengthAt > maximumDigits) return malformed(rle, lengthAt, 'a length');
      if (at < length) {
        if (rle[at] !== space) return malformed(rle, at, 'a single space');
        if (++at === length) return malformed(rle, at - 1, 'the end');
      }
      if (start === 0)
        return { kind: 'malformed', what: 'a start of 0 (starts count from 1)', position: startAt };
      if (run === 0) return { kind: 'malformed', what: 'a run of no pixels', position: lengthAt };
      const end = start - 1 + run;
      if (end > pixels) {
        const what = `a run that ends at pixel ${end} of ${pixels}`;
        return { kind: 'out-of-bounds', what, position: startAt };
      }
      if (start - 1 < previousEnd) {
        const what = `a run that starts at ${start}, before the end ${previousEnd} of the one before it`;
        return { kind: 'overlapping', what, position: startAt };
      }
      if (count > 0 && start - 1 === previousEnd) {
        out[count - 1] = end;
      } else {
        out[count++] = start - 1;
        out[count++] = end;
      }
      previousEnd = end;
    } while (at < length);
    return out.subarray(0, count);
  }
}

/** True for what `RunParser.parse` returns when the text is wrong. */
export function isRunDefect(parsed: Boundaries | RunDefect): parsed is RunDefect {
  return !(parsed instanceof Uint32Array);
}

function malformed(rle: Uint8Array, position: number, expected: string): RunDefect {
  const byte = rle[position];
  const found = byte === undefined ? 'the end' : JSON.stringify(String.fromCharCode(byte));
  const isDigit = byte !== undefined && byte >= zero && byte <= zero + 9;
  const what = isDigit
    ? `a number of more than ${maximumDigits} digits`
    : `${found} where ${expected} belongs`;
  return { kind: 'malformed', what, position };
}

/** Number of foreground pixels. */
export function area(runs: Boundaries): number {
  let sum = 0;
  for (let i = 0; i < runs.length; i += 2) sum += runs[i + 1]! - runs[i]!;
  return sum;
}

/** Number of pixels that two masks share; a merge of sorted runs, no mask is decoded. */
export function intersectionArea(a: Boundaries, b: Boundaries): number {
  let sum = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const endA = a[i + 1]!;
    const endB = b[j + 1]!;
    const start = Math.max(a[i]!, b[j]!);
    const end = Math.min(endA, endB);
    if (end > start) sum += end - start;
    if (endA <= endB) i += 2;
    else j += 2;
  }
  return sum;
}

/** Joins masks by weighted vote; keeps its buffers from one call to the next. */
export class RunVoter {
  readonly #weights: Float64Array;
  readonly #threshold: number;
  #out = new Uint32Array(1024);

  /**
   * @param weights one per voter, above 0.
   * @param share a pixel is foreground when the weights of its voters exceed this share of all, in [0, 1).
   */
  constructor(weights: readonly number[], share: number) {
    this.#weights = Float64Array.from(weights);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    // Sums of weights such as 0.1 are inexact: a tie must not win by a rounding error.
    this.#threshold = total * share + total * 1e-9;
  }

  /** The joint mask, valid until the next call. */
  vote(masks: readonly Boundaries[]): Boundaries {
    const cursors = new Uint32Array(masks.length);
    const largest = masks.reduce((sum, mask) => sum + mask.length, 0);
    if (this.#out.length < largest) this.#out = new Uint32Array(2 * largest);
    const out = this.#out;
    const weights = this.#weights;
    const threshold = this.#threshold;
    let count = 0;
    let sum = 0;
    for (;;) {
      let next = Infinity;
      for (let m = 0; m < masks.length; m++) {
        const position = masks[m]![cursors[m]!];
        if (position !== undefined && position < next) next = position;
      }
      if (next === Infinity) return out.subarray(0, count);
      for (let m = 0; m < masks.length; m++) {
        if (masks[m]![cursors[m]!] === next) {
          const opens = cursors[m]! % 2 === 0;
          sum += opens ? weights[m]! : -weights[m]!;
          cursors[m]!++;
        }
      }
      // An odd count means that a run is open.
      if (sum > threshold !== (count % 2 === 1)) out[count++] = next;
    }
  }
}

/** Writes boundaries as `start length` pairs; keeps its buffer from one call to the next. */
export class RunFormatter {
  #buffer = new Uint8Array(4096);

  /** ASCII, valid until the next call; empty for an empty mask. */
  format(runs: Boundaries): Uint8Array {
    const largest = (runs.length / 2) * (2 * maximumDigits + 2);
    if (this.#buffer.length < largest) this.#buffer = new Uint8Array(2 * largest);
    const out = this.#buffer;
    let at = 0;
    for (let i = 0; i < runs.length; i += 2) {
      const start = runs[i]!;
      at = writeNumber(out, at, start + 1);
      out[at++] = space;
      at = writeNumber(out, at, runs[i + 1]! - start);
      out[at++] = space;
    }
    return out.subarray(0, Math.max(0, at - 1));
  }
}

function writeNumber(out: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const quotient = Math.floor(rest / 10);
    out[i] = zero + rest - quotient * 10;
    rest = quotient;
  }
  return at + digits;
}
