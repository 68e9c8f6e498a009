import { PhalanxError, messageOf } from '../../core/errors.ts';
import { parseRle } from '../../labels/rle.ts';
import type { RunMask } from '../../labels/runs.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { readCsvRows } from './csvRows.ts';
import type { CsvRow } from './csvRows.ts';
import { needsSizes, onlyClass, submissionDialects } from './dialects.ts';
import type { SubmissionDialect } from './dialects.ts';

/** One row: one class of one image. */
export interface SubmissionRow {
  /** 1-based line of the file. */
  readonly line: number;
  readonly imageName: string;
  readonly className: string;
  /** As the dialect writes it. */
  readonly rle: string;
}

const decoder = new TextDecoder();
const { 'hand-bone': handBone } = submissionDialects;

/** The row's fields, or a clause saying why they cannot be read. */
export function fieldsOf(
  row: Pick<CsvRow, 'line' | 'fields' | 'defect'>,
  { columns }: SubmissionDialect = handBone,
): SubmissionRow | string {
  if (row.defect !== undefined) return row.defect;
  if (row.fields.length !== columns.length) {
    const count = row.fields.length;
    return `${count} field${count === 1 ? '' : 's'} where ${columns.length} belong`;
  }
  const imageName = row.fields[0]!;
  const rle = row.fields.at(-1)!;
  return {
    line: row.line,
    imageName: decoder.decode(imageName),
    className: columns.length === 2 ? onlyClass : decoder.decode(row.fields[1]),
    rle: Buffer.from(rle.buffer, rle.byteOffset, rle.length).toString('latin1'),
  };
}

/** A clause saying how the first row differs from the expected header, or undefined when it does not. */
export function headerDefect(
  row: CsvRow | undefined,
  { columns }: SubmissionDialect = handBone,
): string | undefined {
  const expected = columns.join(',');
  if (row === undefined) return `an empty file where the header "${expected}" belongs`;
  const received = row.fields.map((field) => decoder.decode(field.subarray(0, 200))).join(',');
  if (received === expected && !startsWithByteOrderMark(row)) return undefined;
  const mark = startsWithByteOrderMark(row) ? ' after a byte order mark' : '';
  return `the header ${JSON.stringify(received.slice(0, 200))}${mark} where "${expected}" belongs`;
}

function startsWithByteOrderMark(row: CsvRow): boolean {
  const [a, b, c] = row.fields[0] ?? [];
  return a === 0xef && b === 0xbb && c === 0xbf;
}

/** A row and where it lies in the file. */
export interface PlacedRow extends SubmissionRow {
  /** Bytes. */
  readonly at: number;
  readonly bytes: number;
}

/**
 * Reads a submission row by row, in memory bounded by the longest row.
 *
 * @throws PhalanxError `submission/malformed` at the first row that is not one; `checkSubmission` lists all.
 */
export async function* readSubmission(
  path: string,
  dialect: SubmissionDialect = handBone,
): AsyncGenerator<PlacedRow> {
  const rows = readCsvRows(path);
  try {
    const first = await rows.next();
    const wrongHeader = headerDefect(first.done === true ? undefined : first.value, dialect);
    if (wrongHeader !== undefined) throw malformed(path, 1, wrongHeader);
    for await (const row of rows) {
      const fields = fieldsOf(row, dialect);
      if (typeof fields === 'string') throw malformed(path, row.line, fields);
      yield { ...fields, at: row.at, bytes: row.bytes };
    }
  } finally {
    await rows.return(undefined);
  }
}

/**
 * The row's mask as runs.
 *
 * @param size of the image, pixels; only counts of COCO need it.
 * @throws PhalanxError `submission/malformed` naming file, line and character; `submission/size-unknown`.
 */
export function rowMask(
  path: string,
  row: SubmissionRow,
  size: ImageSize | undefined,
  dialect: SubmissionDialect = handBone,
): RunMask {
  if (size === undefined || (needsSizes(dialect) && size.height === 1 && size.width === 0xffffffff)) {
    throw new PhalanxError('submission/size-unknown', {
      what: 'The mask cannot be read without the size of its image',
      where: `${path}, line ${row.line}`,
      received: `"${row.imageName.slice(0, 200)}"`,
      fix: 'Give the dataset with --data, or the size of all images with --size WIDTHxHEIGHT',
    });
  }
  try {
    return parseRle(row.rle, { dialect: dialect.rle, width: size.width, height: size.height });
  } catch (cause) {
    if (!(cause instanceof PhalanxError)) throw cause;
    throw malformed(path, row.line, messageOf(cause).replace(/\.$/, ''), cause);
  }
}

export function malformed(path: string, line: number, received: string, cause?: unknown): PhalanxError {
  const parts = {
    what: 'The submission is malformed',
    where: `${path}, line ${line}`,
    received,
    fix: 'List every defect with: phalanx submission check',
  };
  return new PhalanxError('submission/malformed', parts, { cause });
}
