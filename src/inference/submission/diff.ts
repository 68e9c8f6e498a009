import { PhalanxError } from '../../core/errors.ts';
import { runArea, runIntersection } from '../../labels/runs.ts';
import { anySize, submissionDialects } from './dialects.ts';
import type { SizeOf, SubmissionDialect } from './dialects.ts';
import { SubmissionLookup } from './lookup.ts';
import { readSubmission, rowMask } from './submission.ts';

/** Pixels of one or several masks in two submissions. */
export interface PixelChanges {
  readonly onlyA: number;
  readonly onlyB: number;
  readonly both: number;
  /** `2·both / (2·both + onlyA + onlyB)`; 1 where both are empty. */
  readonly dice: number;
}

export interface MaskChange extends PixelChanges {
  readonly image: string;
  readonly className: string;
}

/** How two submissions differ. */
export interface SubmissionDiff {
  readonly a: string;
  readonly b: string;
  /** Rows that both have, and those of them whose masks differ. */
  readonly rows: number;
  readonly changedRows: number;
  /** Rows that only one has: how many, and the first of them. */
  readonly onlyInA: { readonly rows: number; readonly first: readonly string[] };
  readonly onlyInB: { readonly rows: number; readonly first: readonly string[] };
  readonly total: PixelChanges;
  readonly perClass: Readonly<Record<string, PixelChanges>>;
  readonly perImage: Readonly<Record<string, PixelChanges>>;
  /** Masks that differ most, by pixels; at most 50. */
  readonly worst: readonly MaskChange[];
  readonly same: boolean;
}

export interface DiffOptions {
  readonly dialect?: SubmissionDialect;
  /** Sizes of the images, for dialects that cannot be read without. */
  readonly sizeOf?: SizeOf;
  readonly signal?: AbortSignal;
}

const mostWorst = 50;
const mostListed = 20;
/** Images and classes that are told apart. */
const mostNames = 100_000;

/**
 * Compares two submissions by merging runs, in any order of their rows; memory goes with the number of images and
 * classes.
 *
 * @throws PhalanxError `submission/malformed`, `submission/rows`, `submission/too-many-rows`, `submission/size-unknown`.
 */
export async function diffSubmissions(
  a: string,
  b: string,
  options: DiffOptions = {},
): Promise<SubmissionDiff> {
  const { dialect = submissionDialects['hand-bone'], sizeOf = () => anySize, signal } = options;
  await using other = new SubmissionLookup(b, dialect);
  const perClass = new Tallies(a);
  const perImage = new Tallies(a);
  let total = emptyTally();
  const onlyInA = { rows: 0, first: [] as string[] };
  const onlyInB = { rows: 0, first: [] as string[] };
  const worst: MaskChange[] = [];
  let [rows, changedRows] = [0, 0];
  for await (const row of readSubmission(a, dialect)) {
    signal?.throwIfAborted();
    const { imageName: image, className } = row;
    const twin = await other.take(image, className);
    if (twin === undefined) {
      note(onlyInA, image, className);
      continue;
    }
    rows++;
    const size = sizeOf(image);
    const mine = rowMask(a, row, size, dialect);
    // Most rows of two submissions of one team are the same to the byte.
    const theirs = twin.rle === row.rle ? mine : rowMask(b, twin, size, dialect);
    const [areaA, areaB] = [runArea(mine), runArea(theirs)];
    const both = theirs === mine ? areaA : runIntersection(mine, theirs);
    const tally = { onlyA: areaA - both, onlyB: areaB - both, both };
    total = sum(total, tally);
    perClass.add(className, tally);
    perImage.add(image, tally);
    if (tally.onlyA + tally.onlyB === 0) continue;
    changedRows++;
    worst.push({ image, className, ...withDice(tally) });
    worst.sort((p, q) => q.onlyA + q.onlyB - p.onlyA - p.onlyB).splice(mostWorst);
  }
  for (let row = await other.rest(); row !== undefined; row = await other.rest()) {
    note(onlyInB, row.imageName, row.className);
    await other.take(row.imageName, row.className);
  }
  return {
    a,
    b,
    rows,
    changedRows,
    onlyInA,
    onlyInB,
    total: withDice(total),
    perClass: perClass.finish(),
    perImage: perImage.finish(),
    worst,
    same: changedRows + onlyInA.rows + onlyInB.rows === 0,
  };
}

type Tally = Omit<PixelChanges, 'dice'>;

const emptyTally = (): Tally => ({ onlyA: 0, onlyB: 0, both: 0 });

function sum(p: Tally, q: Tally): Tally {
  return { onlyA: p.onlyA + q.onlyA, onlyB: p.onlyB + q.onlyB, both: p.both + q.both };
}

function withDice(tally: Tally): PixelChanges {
  const all = 2 * tally.both + tally.onlyA + tally.onlyB;
  return { ...tally, dice: all === 0 ? 1 : (2 * tally.both) / all };
}

function note(list: { rows: number; first: string[] }, image: string, className: string): void {
  list.rows++;
  if (list.first.length < mostListed) list.first.push(`${image.slice(0, 200)}, ${className.slice(0, 200)}`);
}

class Tallies {
  readonly #path: string;
  readonly #tallies = new Map<string, Tally>();

  constructor(path: string) {
    this.#path = path;
  }

  add(name: string, tally: Tally): void {
    if (this.#tallies.size === mostNames && !this.#tallies.has(name)) {
      throw new PhalanxError('submission/too-many-rows', {
        what: 'The submission has too many images or classes to be compared',
        where: this.#path,
        expected: `at most ${mostNames} of each`,
      });
    }
    this.#tallies.set(name, sum(this.#tallies.get(name) ?? emptyTally(), tally));
  }

  finish(): Record<string, PixelChanges> {
    return Object.fromEntries([...this.#tallies].map(([name, tally]) => [name, withDice(tally)]));
  }
}
