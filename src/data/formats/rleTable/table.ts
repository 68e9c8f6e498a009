import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parse } from 'csv-parse';
import { PhalanxError, messageOf } from '../../../core/errors.ts';

/** A run-length encoded mask of a table. */
export interface TableRow {
  /** Line of the table, the header's is 1. */
  readonly line: number;
  readonly className: string | undefined;
  readonly rle: string;
}

export interface TableColumns {
  readonly image: string;
  readonly class?: string | undefined;
  readonly rle: string;
}

/** Bytes of a table; the largest of a known competition has 70 MB. */
const maxBytes = 512 * 2 ** 20;
const maxRows = 10_000_000;
/** Bytes of a row; the longest of a known competition has under 1 MB. */
const maxRow = 4 * 2 ** 20;

/**
 * Reads a table into its rows by image, piece by piece.
 *
 * @throws PhalanxError `annotation/missing`, `annotation/unreadable`, `annotation/malformed`.
 */
export async function readTable(path: string, columns: TableColumns): Promise<Map<string, TableRow[]>> {
  await requireRegular(path);
  const rows = new Map<string, TableRow[]>();
  const parser = createReadStream(path).pipe(
    parse({
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: maxRow,
      info: true,
    }),
  );
  let places: { image: number; class: number; rle: number } | undefined;
  let count = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      if (places === undefined) {
        places = placesOf(record, columns, path);
        continue;
      }
      if (++count > maxRows) throw malformed(path, `at most ${maxRows} rows`, 'more');
      const image = record[places.image] ?? '';
      if (image === '') throw malformed(path, `an image in line ${info.lines}`, 'none');
      const row = {
        line: info.lines,
        className: places.class < 0 ? undefined : record[places.class],
        rle: (record[places.rle] ?? '').trim(),
      };
      const others = rows.get(image);
      if (others === undefined) rows.set(image, [row]);
      else others.push(row);
    }
  } catch (cause) {
    if (cause instanceof PhalanxError) throw cause;
    throw new PhalanxError(
      'annotation/malformed',
      { what: 'The table cannot be understood', where: path, received: messageOf(cause).slice(0, 300) },
      { cause },
    );
  }
  if (places === undefined) throw malformed(path, 'a line that names the columns', 'an empty file');
  return rows;
}

async function requireRegular(path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) {
    throw new PhalanxError('annotation/missing', {
      what: 'The table does not exist',
      where: path,
      fix: 'Correct data.format.table',
    });
  }
  if (status.isFile() && status.size <= maxBytes) return;
  throw new PhalanxError('annotation/unreadable', {
    what: 'The table cannot be read',
    where: path,
    expected: `a regular file of at most ${maxBytes} bytes`,
    received: status.isFile() ? `${status.size} bytes` : 'something else',
  });
}

function placesOf(header: readonly string[], columns: TableColumns, path: string) {
  const names = header.map((name) => name.trim());
  const at = (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw malformed(path, `a column ${name}`, names.join(', ').slice(0, 200));
    return index;
  };
  return {
    image: at(columns.image),
    class: columns.class === undefined ? -1 : at(columns.class),
    rle: at(columns.rle),
  };
}

function malformed(path: string, expected: string, received: string): PhalanxError {
  return new PhalanxError('annotation/malformed', {
    what: 'The table does not have the expected form',
    where: path,
    expected,
    received,
    fix: 'Correct data.format.dialect or data.format.columns',
  });
}
