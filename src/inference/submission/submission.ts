import { PhalanxError, messageOf } from '../../core/errors.ts';
import { parseRle, rleDialects } from '../../labels/rle.ts';
import type { RunMask } from '../../labels/runs.ts';
import { readCsvRows } from './csvRows.ts';
import type { CsvRow } from './csvRows.ts';

/** The competition's columns, in order. */
export const submissionColumns = ['image_name', 'class', 'rle'] as const;

/** One row: one class of one image. */
export interface SubmissionRow {
  /** 1-based line of the file. */
  readonly line: number;
  readonly imageName: string;
  readonly className: string;
  /** `start length` pairs, empty for an empty mask. */
  readonly rle: string;
}

const decoder = new TextDecoder();

/** The row's fields, or a clause saying why they cannot be read. */
export function fieldsOf(row: CsvRow): SubmissionRow | string {
  if (row.defect !== undefined) return row.defect;
  const [imageName, className, rle, ...rest] = row.fields;
  if (imageName === undefined || className === undefined || rle === undefined || rest.length > 0) {
    const count = row.fields.length;
    return `${count} field${count === 1 ? '' : 's'} where ${submissionColumns.length} belong`;
  }
  return {
    line: row.line,
    imageName: decoder.decode(imageName),
    className: decoder.decode(className),
    rle: Buffer.from(rle.buffer, rle.byteOffset, rle.length).toString('latin1'),
  };
}

/** A clause saying how the first row differs from the expected header, or undefined when it does not. */
export function headerDefect(row: CsvRow | undefined): string | undefined {
  const expected = submissionColumns.join(',');
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

/**
 * Reads a submission row by row, in memory bounded by the longest row.
 *
 * @throws PhalanxError `submission/malformed` at the first row that is not one; `checkSubmission` lists all.
 */
export async function* readSubmission(path: string): AsyncGenerator<SubmissionRow> {
  const rows = readCsvRows(path);
  try {
    const first = await rows.next();
    const wrongHeader = headerDefect(first.done === true ? undefined : first.value);
    if (wrongHeader !== undefined) throw malformed(path, 1, wrongHeader);
    for await (const row of rows) {
      const fields = fieldsOf(row);
      if (typeof fields === 'string') throw malformed(path, row.line, fields);
      yield fields;
    }
  } finally {
    await rows.return(undefined);
  }
}

/**
 * The row's mask as runs.
 *
 * @throws PhalanxError `submission/malformed` naming file, line and character.
 */
export function rowMask(path: string, row: SubmissionRow, width: number, height: number): RunMask {
  try {
    return parseRle(row.rle, { dialect: rleDialects.handBone, width, height });
  } catch (cause) {
    if (!(cause instanceof PhalanxError)) throw cause;
    throw malformed(path, row.line, messageOf(cause).replace(/\.$/, ''), cause);
  }
}

function malformed(path: string, line: number, received: string, cause?: unknown): PhalanxError {
  const parts = {
    what: 'The submission is malformed',
    where: `${path}, line ${line}`,
    received,
    fix: 'List every defect with: phalanx submission check',
  };
  return new PhalanxError('submission/malformed', parts, { cause });
}
