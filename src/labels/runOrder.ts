import type { RunMask } from './runs.ts';

/**
 * The same mask with its pixels counted along the other axis, without decoding it: pixels where two neighbouring lines
 * differ are where the other order's runs begin and end. Time goes with the length of the outline across the lines.
 */
export function turnRuns(mask: RunMask): RunMask {
  const { width, height, order, boundaries } = mask;
  const [length, lines] = order === 'row-major' ? [width, height] : [height, width];
  const pieces = new LinePieces(boundaries, length);
  // Before the first pixel of a line comes the last line's pixel one place earlier, and before the very first nothing.
  const last = lastLine(boundaries, length, lines);
  let before = shifted(last, length);
  const positions: number[] = [];
  for (let line = 0; line < lines; line++) {
    const here = pieces.next();
    pushDifferences(positions, before, here, line, lines);
    before = here;
  }
  if (last.at(-1) === length) positions.push(length * lines);
  const turned = Uint32Array.from(positions).sort();
  return { width, height, order: order === 'row-major' ? 'column-major' : 'row-major', boundaries: turned };
}

/** Where the mask begins and ends within one line after the other. */
class LinePieces {
  readonly #boundaries: Uint32Array;
  readonly #length: number;
  #line = 0;
  #next = 0;

  constructor(boundaries: Uint32Array, length: number) {
    this.#boundaries = boundaries;
    this.#length = length;
  }

  next(): number[] {
    const [from, to] = [this.#line * this.#length, (this.#line + 1) * this.#length];
    this.#line++;
    const found: number[] = [];
    for (; this.#next < this.#boundaries.length; this.#next += 2) {
      const start = this.#boundaries[this.#next]!;
      const end = this.#boundaries[this.#next + 1]!;
      if (start >= to) break;
      found.push(Math.max(start, from) - from, Math.min(end, to) - from);
      if (end > to) break;
    }
    return found;
  }
}

function lastLine(boundaries: Uint32Array, length: number, lines: number): number[] {
  const from = (lines - 1) * length;
  const found: number[] = [];
  for (let i = boundaries.length - 2; i >= 0 && boundaries[i + 1]! > from; i -= 2) {
    found.unshift(Math.max(boundaries[i]!, from) - from, boundaries[i + 1]! - from);
  }
  return found;
}

/** One place later; what would leave the line is cut off. */
function shifted(line: readonly number[], length: number): number[] {
  const moved: number[] = [];
  for (let i = 0; i < line.length; i += 2) {
    const [start, end] = [line[i]! + 1, Math.min(line[i + 1]! + 1, length)];
    if (start < end) moved.push(start, end);
  }
  return moved;
}

/** Positions, in the other order, of the pixels of a line that differ from the ones before them. */
function pushDifferences(
  positions: number[],
  a: readonly number[],
  b: readonly number[],
  line: number,
  lines: number,
): void {
  let from = -1;
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const [p, q] = [a[i] ?? Infinity, b[j] ?? Infinity];
    const at = Math.min(p, q);
    if (p === at) i++;
    if (q === at) j++;
    if (p === q) continue;
    if (from < 0) from = at;
    else {
      for (let x = from; x < at; x++) positions.push(x * lines + line);
      from = -1;
    }
  }
}
