import type { FileHandle } from 'node:fs/promises';
import { PhalanxError } from '../../core/errors.ts';
import { openForReading, parseRow } from './csvRows.ts';
import { submissionDialects } from './dialects.ts';
import type { SubmissionDialect } from './dialects.ts';
import { fieldsOf, malformed, readSubmission } from './submission.ts';
import type { PlacedRow, SubmissionRow } from './submission.ts';

/** Rows of one file that may be in another order than they are asked for; about 200 bytes each are kept. */
const mostRows = 2_000_000;

interface Place {
  readonly at: number;
  readonly bytes: number;
  readonly line: number;
}

/**
 * Finds a submission's rows by image and class. As long as they are asked for in the file's order it is read once, row by
 * row; from the first that is elsewhere on, the places of the rest are known and each is read when it is asked for. No
 * mask is ever kept.
 */
export class SubmissionLookup implements AsyncDisposable {
  readonly path: string;
  readonly #dialect: SubmissionDialect;
  readonly #rows: AsyncGenerator<PlacedRow>;
  #next: PlacedRow | undefined;
  #places: Map<string, Place> | undefined;
  #file: FileHandle | undefined;

  constructor(path: string, dialect: SubmissionDialect = submissionDialects['hand-bone']) {
    this.path = path;
    this.#dialect = dialect;
    this.#rows = readSubmission(path, dialect);
  }

  /**
   * The row, once: a row that was found is not found again.
   *
   * @throws PhalanxError `submission/malformed`, `submission/rows` for two rows of one image and class,
   *   `submission/too-many-rows` when rows in another order are too many to keep track of.
   */
  async take(imageName: string, className: string): Promise<SubmissionRow | undefined> {
    if (this.#places === undefined) {
      const next = await this.#peek();
      if (next?.imageName === imageName && next.className === className) {
        this.#next = undefined;
        return next;
      }
      this.#places = await this.#listRest();
    }
    const key = keyOf(imageName, className);
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    this.#places.delete(key);
    return this.#read(place);
  }

  /** A row that was never taken, if there is one. */
  async rest(): Promise<Pick<SubmissionRow, 'line' | 'imageName' | 'className'> | undefined> {
    if (this.#places === undefined) return this.#peek();
    const [first] = this.#places;
    if (first === undefined) return undefined;
    const [imageName, className] = JSON.parse(first[0]) as [string, string];
    return { line: first[1].line, imageName, className };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rows.return(undefined);
    await this.#file?.close();
  }

  async #peek(): Promise<PlacedRow | undefined> {
    if (this.#next !== undefined) return this.#next;
    const next = await this.#rows.next();
    this.#next = next.done === true ? undefined : next.value;
    return this.#next;
  }

  async #listRest(): Promise<Map<string, Place>> {
    const places = new Map<string, Place>();
    for (let row = await this.#peek(); row !== undefined; row = await this.#peek()) {
      this.#next = undefined;
      const { at, bytes, line, imageName, className } = row;
      const key = keyOf(imageName, className);
      if (places.has(key)) throw repeated(this.path, row);
      if (places.size === mostRows) {
        throw new PhalanxError('submission/too-many-rows', {
          what: 'The rows are in another order, and there are too many of them to be found one by one',
          where: this.path,
          expected: `at most ${mostRows} rows, or the same order in both files`,
        });
      }
      places.set(key, { at, bytes, line });
    }
    return places;
  }

  async #read({ at, bytes, line }: Place): Promise<SubmissionRow> {
    this.#file ??= await openForReading(this.path);
    const buffer = Buffer.allocUnsafe(bytes);
    const { bytesRead } = await this.#file.read(buffer, 0, bytes, at);
    const fields = fieldsOf(parseRow(buffer.subarray(0, bytesRead), line), this.#dialect);
    if (bytesRead === bytes && typeof fields !== 'string') return fields;
    throw malformed(this.path, line, 'a row that changed while the file was read');
  }
}

function keyOf(imageName: string, className: string): string {
  return JSON.stringify([imageName, className]);
}

/** Two rows say something about one class of one image. */
export function repeated(path: string, { line, imageName, className }: SubmissionRow): PhalanxError {
  return new PhalanxError('submission/rows', {
    what: 'The submission does not have one row per image and class',
    where: `${path}, line ${line}`,
    received: `a second row of "${imageName.slice(0, 200)}", "${className.slice(0, 200)}"`,
    fix: 'List every defect with: phalanx submission check',
  });
}
