import pLimit from 'p-limit';
import type { Dataset, Split } from '../../data/dataset.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { PhalanxError } from '../../core/errors.ts';
import { parseRle, rleDialects } from '../../labels/rle.ts';
import { readCsvRows } from './csvRows.ts';
import { DefectList } from './defects.ts';
import type { SubmissionDefect } from './defects.ts';
import { longestAscending } from './longestAscending.ts';
import { fieldsOf, headerDefect } from './submission.ts';
import type { SubmissionRow } from './submission.ts';

/** The outcome of `checkSubmission`. */
export interface SubmissionCheck {
  readonly path: string;
  /** Without the header. */
  readonly rows: number;
  readonly expectedRows: number;
  /** Share of rows with an empty mask, in [0, 1]. */
  readonly emptyShare: number;
  readonly defects: readonly SubmissionDefect[];
  /** Defects beyond those listed (each kind lists its first 1,000). */
  readonly unlisted: number;
  /** No defect is an error; warnings may remain. */
  readonly valid: boolean;
}

/** A class that is there in this share of the images or more is expected in the others too. */
const usualShare = 0.9;

/**
 * Lists all that is wrong with a submission at once: header, quoting, rows that are missing, duplicate, unknown or
 * out of order, RLE that is malformed, overlaps itself or leaves the image, and masks suspiciously empty.
 *
 * @throws PhalanxError `submission/unreadable` or `submission/row-too-long` for a file that cannot be read through,
 *   `image/…` when the size of one of the dataset's images cannot be read.
 */
export async function checkSubmission(
  path: string,
  dataset: Dataset,
  split: Split = 'test',
): Promise<SubmissionCheck> {
  const checker = await Checker.for(dataset, split);
  const rows = readCsvRows(path);
  try {
    const first = await rows.next();
    const header = first.done === true ? undefined : first.value;
    const wrongHeader = headerDefect(header);
    if (wrongHeader !== undefined) checker.defects.add('header', wrongHeader, 1);
    // A first line that is a proper row means that the header is missing, not that this row is.
    if (wrongHeader !== undefined && header !== undefined) {
      const fields = fieldsOf(header);
      if (typeof fields !== 'string' && checker.knows(fields)) checker.row(fields);
    }
    for await (const row of rows) {
      const fields = fieldsOf(row);
      if (typeof fields === 'string') checker.unreadableRow(row.line, fields);
      else checker.row(fields);
    }
  } finally {
    await rows.return(undefined);
  }
  return checker.finish(path);
}

/** Of an image that is not in the dataset: bounds nothing. */
const unknownSize: ImageSize = { width: 0xffffffff, height: 1 };

class Checker {
  readonly defects = new DefectList();
  readonly #images: readonly string[];
  readonly #classes: readonly string[];
  readonly #sizes: readonly ImageSize[];
  readonly #imageIndex: ReadonlyMap<string, number>;
  readonly #classIndex: ReadonlyMap<string, number>;
  /** Line of each expected row, 0 while it has not been seen; `image * classes + class`. */
  readonly #lines: Uint32Array;
  readonly #empty: Uint8Array;
  /** Expected rows in the order in which they came. */
  readonly #sequence: number[] = [];
  #rows = 0;

  private constructor(images: readonly string[], classes: readonly string[], sizes: readonly ImageSize[]) {
    this.#images = images;
    this.#classes = classes;
    this.#sizes = sizes;
    this.#imageIndex = new Map(images.map((name, index) => [name, index]));
    this.#classIndex = new Map(classes.map((name, index) => [name, index]));
    this.#lines = new Uint32Array(images.length * classes.length);
    this.#empty = new Uint8Array(this.#lines.length);
  }

  static async for(dataset: Dataset, split: Split): Promise<Checker> {
    const entries = dataset.entries[split];
    const limit = pLimit(8);
    const sizes = await Promise.all(entries.map((entry) => limit(() => dataset.readSize(entry))));
    return new Checker(
      entries.map(({ id }) => id),
      dataset.classes,
      sizes,
    );
  }

  knows({ imageName, className }: SubmissionRow): boolean {
    return this.#imageIndex.has(imageName) && this.#classIndex.has(className);
  }

  unreadableRow(line: number, what: string): void {
    this.#rows++;
    this.defects.add('row', what, line);
  }

  row({ line, imageName, className, rle }: SubmissionRow): void {
    this.#rows++;
    const image = this.#imageIndex.get(imageName);
    const classIndex = this.#classIndex.get(className);
    if (image === undefined) this.defects.addUnknown('image', imageName, this.#images, line);
    if (classIndex === undefined) this.defects.addUnknown('class', className, this.#classes, line);
    this.#checkRle(rle, line, image === undefined ? unknownSize : this.#sizes[image]!);
    if (image === undefined || classIndex === undefined) return;
    const index = image * this.#classes.length + classIndex;
    if (this.#lines[index]! > 0) {
      const what = `"${imageName}", "${className}" again, first seen on line ${this.#lines[index]!}`;
      this.defects.add('duplicate', what, line);
      return;
    }
    this.#lines[index] = line;
    this.#empty[index] = rle.length === 0 ? 1 : 0;
    this.#sequence.push(index);
  }

  finish(path: string): SubmissionCheck {
    this.#checkOrder();
    this.#checkMissing();
    this.#checkEmpty();
    const expectedRows = this.#lines.length;
    if (this.#rows !== expectedRows) {
      const { length: images } = this.#images;
      const what =
        `${this.#rows} rows where ${expectedRows} belong ` +
        `(${images} images × ${this.#classes.length} classes)`;
      this.defects.add('row-count', what);
    }
    return {
      path,
      rows: this.#rows,
      expectedRows,
      emptyShare: this.#rows === 0 ? 0 : this.#empty.reduce((sum, empty) => sum + empty, 0) / this.#rows,
      defects: this.defects.listed,
      unlisted: this.defects.unlisted,
      valid: this.defects.errors === 0,
    };
  }

  /** Fewest rows to move so that the rest are in order: all outside a longest ascending subsequence. */
  #checkOrder(): void {
    const inOrder = longestAscending(this.#sequence);
    for (const [at, index] of this.#sequence.entries()) {
      if (inOrder[at] === 1) continue;
      this.defects.add('order', `${this.#describe(index)} is out of order`, this.#lines[index]);
    }
  }

  #checkRle(rle: string, line: number, { width, height }: ImageSize): void {
    try {
      parseRle(rle, { dialect: rleDialects.handBone, width, height });
    } catch (thrown) {
      if (!(thrown instanceof PhalanxError)) throw thrown;
      const { what, where, expected, received } = thrown.parts;
      this.defects.add('rle', `${what} at ${where!}: expected ${expected!}, received ${received!}`, line);
    }
  }

  #checkMissing(): void {
    for (const [image, name] of this.#images.entries()) {
      const missing = this.#classes.filter((_, c) => this.#lines[image * this.#classes.length + c] === 0);
      if (missing.length === 0) continue;
      const all = missing.length === this.#classes.length;
      this.defects.add('missing', `"${name}" lacks ${all ? 'every row' : `rows of ${missing.join(', ')}`}`);
    }
  }

  #checkEmpty(): void {
    const { length: classes } = this.#classes;
    const seen = (image: number, c: number): boolean => this.#lines[image * classes + c]! > 0;
    const isEmpty = (image: number, c: number): boolean =>
      seen(image, c) && this.#empty[image * classes + c] === 1;
    const images = this.#images.map((_, image) => image);
    const bare = new Set(
      images.filter((image) => this.#classes.every((_, c) => isEmpty(image, c)) && classes > 0),
    );
    for (const image of bare) this.defects.warn(`every mask of "${this.#images[image]!}" is empty`);
    for (const [c, name] of this.#classes.entries()) {
      const present = images.filter((image) => seen(image, c));
      const empty = present.filter((image) => isEmpty(image, c));
      if (empty.length === 0) continue;
      if (empty.length === present.length) {
        this.defects.warn(`"${name}" is empty in every image`);
      } else if (empty.length <= (1 - usualShare) * present.length) {
        for (const image of empty.filter((index) => !bare.has(index))) {
          const index = image * classes + c;
          this.defects.warn(`${this.#describe(index)} is empty, as in few images`, this.#lines[index]);
        }
      }
    }
  }

  #describe(index: number): string {
    const classes = this.#classes.length;
    return `"${this.#images[Math.floor(index / classes)]!}", "${this.#classes[index % classes]!}"`;
  }
}
