import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { PhalanxError, messageOf } from '../../core/errors.ts';

/** One row of a CSV file; the fields are views that are valid until the next row is asked for. */
export interface CsvRow {
  /** 1-based line of the file on which the row starts. */
  readonly line: number;
  /** Where the row lies in the file, bytes; its line break is not part of it. */
  readonly at: number;
  readonly bytes: number;
  /** Undecoded bytes, unquoted. */
  readonly fields: readonly Uint8Array[];
  /** What is wrong with the row's quoting, if anything; the fields are then a best guess. */
  readonly defect?: string;
}

/** Above any row that a mask of bones makes; every other pixel of a 2048² mask takes 19 MB. */
const maximumRowBytes = 64 * 1024 * 1024;

const chunkBytes = 1 << 20;
const newline = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;
const comma = 0x2c;

/**
 * Reads a comma-separated file row by row (RFC 4180: `"` quotes, `""` inside quotes, LF or CRLF), in memory bounded
 * by the longest row.
 *
 * @throws PhalanxError `submission/unreadable` when the file cannot be read, `submission/row-too-long` for a row
 *   beyond `rowLimit` bytes.
 */
export async function* readCsvRows(path: string, rowLimit = maximumRowBytes): AsyncGenerator<CsvRow> {
  const file = await openForReading(path);
  try {
    let buffer = Buffer.allocUnsafe(2 * chunkBytes);
    let start = 0;
    let end = 0;
    let line = 1;
    // Of the buffer's first byte.
    let offset = 0;
    for (let atEnd = false; !atEnd;) {
      if (start > 0) {
        buffer.copyWithin(0, start, end);
        offset += start;
        end -= start;
        start = 0;
      }
      if (buffer.length - end < chunkBytes) {
        buffer = Buffer.concat([buffer.subarray(0, end)], 2 * buffer.length);
      }
      const read = await readInto(file, path, buffer, end);
      atEnd = read === 0;
      // Only the fresh bytes can hold the first line break that the row in progress lacked.
      let searchFrom = end;
      end += read;
      while (start < end) {
        const stop = rowEnd(buffer, start, searchFrom, end);
        if (stop < 0 && !atEnd) break;
        const bytes = buffer.subarray(start, stop < 0 ? end : stop);
        yield { ...parseRow(bytes, line), at: offset + start, bytes: bytes.length };
        line += 1 + countLineBreaks(bytes);
        start = stop < 0 ? end : stop + 1;
        searchFrom = start;
      }
      if (end - start > rowLimit) {
        throw new PhalanxError('submission/row-too-long', {
          what: 'A row of the submission is too long to be one',
          where: `${path}, line ${line}`,
          expected: `at most ${rowLimit} bytes`,
          fix: 'Check that the file is a submission and that its quotes are closed',
        });
      }
    }
  } finally {
    await file.close();
  }
}

/** @throws PhalanxError `submission/unreadable`. */
export async function openForReading(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw new Error('not a regular file');
    return file;
  } catch (cause) {
    await file?.close();
    throw unreadable(path, cause);
  }
}

async function readInto(file: FileHandle, path: string, buffer: Buffer, at: number): Promise<number> {
  try {
    return (await file.read(buffer, at, buffer.length - at)).bytesRead;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): PhalanxError {
  return new PhalanxError(
    'submission/unreadable',
    { what: 'The submission could not be read', where: path, received: messageOf(cause) },
    { cause },
  );
}

/** Index of the line break that ends the row, or −1 when it lies beyond `end`. */
function rowEnd(buffer: Buffer, start: number, searchFrom: number, end: number): number {
  const window = buffer.subarray(0, end);
  let stop = window.indexOf(newline, searchFrom);
  let quotes = 0;
  let counted = start;
  while (stop >= 0) {
    quotes += countBytes(window, quote, counted, stop);
    if (quotes % 2 === 0) return stop;
    counted = stop;
    stop = window.indexOf(newline, stop + 1);
  }
  return -1;
}

function countBytes(window: Buffer, byte: number, from: number, to: number): number {
  const part = window.subarray(from, to);
  let count = 0;
  for (let at = part.indexOf(byte); at >= 0; at = part.indexOf(byte, at + 1)) count++;
  return count;
}

function countLineBreaks(bytes: Buffer): number {
  return countBytes(bytes, newline, 0, bytes.length);
}

/** Fields of one row's bytes. */
export function parseRow(row: Buffer, line: number): Omit<CsvRow, 'at' | 'bytes'> {
  const bytes = row.at(-1) === carriageReturn ? row.subarray(0, -1) : row;
  if (bytes.includes(quote)) return { line, ...parseQuoted(bytes) };
  const fields: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(comma); at >= 0; at = bytes.indexOf(comma, from)) {
    fields.push(bytes.subarray(from, at));
    from = at + 1;
  }
  fields.push(bytes.subarray(from));
  return { line, fields };
}

function parseQuoted(bytes: Buffer): Pick<CsvRow, 'fields'> & { defect?: string } {
  const fields: Uint8Array[] = [];
  let defect: string | undefined;
  let at = 0;
  for (let more = true; more; at++) {
    const isQuoted = bytes[at] === quote;
    const [field, stop, problem] = isQuoted ? quotedField(bytes, at + 1) : plainField(bytes, at);
    fields.push(field);
    defect ??= problem;
    at = stop;
    more = at < bytes.length;
  }
  return defect === undefined ? { fields } : { fields, defect };
}

type Field = readonly [field: Uint8Array, stop: number, problem: string | undefined];

function plainField(bytes: Buffer, from: number): Field {
  const at = bytes.indexOf(comma, from);
  const stop = at < 0 ? bytes.length : at;
  const field = bytes.subarray(from, stop);
  return [field, stop, field.includes(quote) ? 'a quote inside an unquoted field' : undefined];
}

function quotedField(bytes: Buffer, from: number): Field {
  const pieces: Buffer[] = [];
  let at = from;
  for (;;) {
    const close = bytes.indexOf(quote, at);
    if (close < 0) {
      pieces.push(bytes.subarray(at));
      return [Buffer.concat(pieces), bytes.length, 'a quote that is never closed'];
    }
    if (bytes[close + 1] !== quote) {
      pieces.push(bytes.subarray(at, close));
      const next = bytes.indexOf(comma, close);
      const stop = next < 0 ? bytes.length : next;
      return [Buffer.concat(pieces), stop, stop > close + 1 ? 'text after a closing quote' : undefined];
    }
    pieces.push(bytes.subarray(at, close + 1));
    at = close + 2;
  }
}
