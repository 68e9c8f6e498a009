import { parse as parseCsv } from 'csv-parse/sync';
import { unzipSync } from 'fflate';
import { readSheet } from 'read-excel-file/universal';
import { PhalanxError, messageOf } from '../../core/errors.ts';
import type { Person } from '../dataset.ts';
import type { Defect } from '../defect.ts';
import { readLimitedFile } from '../limitedFile.ts';
import type { FileKind } from '../limitedFile.ts';

/** The table of persons, and the cells of it that could not be understood. */
export interface MetaData {
  readonly persons: ReadonlyMap<string, Person>;
  readonly defects: readonly Defect[];
}

const metaDataFile: FileKind = {
  noun: 'metadata table',
  missing: 'metadata/missing',
  unreadable: 'metadata/unreadable',
  maxBytes: 8 * 2 ** 20,
};
/** An .xlsx file is a zip archive, in which a small file can unpack into a huge one. */
const maxUnpackedBytes = 32 * 2 ** 20;
const maxRows = 20_000;
const maxColumns = 100;

type Cell = string | number | boolean | Date | null | undefined;
type Row = readonly Cell[];

const columns = {
  id: 'ID',
  age: '나이',
  sex: '성별',
  weight: '체중(몸무게)',
  height: '키(신장)',
  remarks: 'Unnamed: 5',
} as const;
type Column = keyof typeof columns;
/** The remarks stand in the sixth column, whose header is empty except where pandas has named it. */
const remarksColumn = 5;

const sexes: Readonly<Record<string, 'female' | 'male'>> = {
  여: 'female',
  여성: 'female',
  여자: 'female',
  f: 'female',
  female: 'female',
  남: 'male',
  남성: 'male',
  남자: 'male',
  m: 'male',
  male: 'male',
};

/**
 * Reads `meta_data.xlsx` (first sheet) or `meta_data.csv` (UTF-8, or EUC-KR as Korean Excel writes it). Cells are
 * freed of control characters and of their `_x0008_` spelling; a cell that still cannot be understood is left out of
 * its person and reported.
 *
 * @throws PhalanxError `metadata/unreadable` when the file is no such table or lacks the `ID` column.
 */
export async function readMetaData(path: string): Promise<MetaData> {
  const bytes = await readLimitedFile(path, metaDataFile);
  let rows: readonly Row[];
  try {
    rows = path.toLowerCase().endsWith('.csv') ? csvRows(bytes) : await excelRows(bytes);
  } catch (cause) {
    const message = messageOf(cause);
    throw new PhalanxError(
      'metadata/unreadable',
      { what: 'The metadata table cannot be read', where: path, received: message },
      { cause },
    );
  }
  return personsOf(rows, path);
}

function csvRows(bytes: Buffer): Row[] {
  return parseCsv(decodeText(bytes), {
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    to: maxRows,
    max_record_size: 100_000,
  });
}

function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('euc-kr', { fatal: true }).decode(bytes);
  }
}

async function excelRows(bytes: Buffer): Promise<readonly Row[]> {
  checkWorkbook(bytes);
  const { buffer, byteOffset, byteLength } = bytes;
  const copy = (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
  // The library's types have `typeof Date` where they mean Date.
  return (await readSheet(copy, 1)) as readonly unknown[] as readonly Row[];
}

/**
 * Refuses workbooks that would exhaust memory: those that unpack into too much (neither call gives a file more room
 * than the archive's directory says), and those with a cell so far out that the library would fill all before it.
 */
function checkWorkbook(bytes: Buffer): void {
  let unpacked = 0;
  const files = unzipSync(bytes, {
    filter: ({ name, originalSize }) => {
      unpacked += originalSize;
      if (unpacked > maxUnpackedBytes) throw new Error(`it unpacks to more than ${maxUnpackedBytes} bytes`);
      return name.endsWith('.xml');
    },
  });
  for (const xml of Object.values(files)) {
    for (const [, address = ''] of Buffer.from(xml).toString('latin1').matchAll(cellAddress)) {
      const [, column, row] = /^([A-Z]{0,2})(\d{1,6})$/.exec(address) ?? [];
      if (column === undefined || Number(row) > maxRows) {
        throw new Error(`it has a cell at ${address}, beyond row ${maxRows} or column ZZ`);
      }
    }
  }
}

/** The address of a row or cell in a worksheet's XML. */
const cellAddress = /<(?:[\w.-]+:)?(?:row|c)\s[^<>]*?\br\s*=\s*["']([^"'<>]*)["']/g;

function personsOf(rows: readonly Row[], file: string): MetaData {
  const header = (rows[0] ?? []).slice(0, maxColumns).map(textOf);
  const at = (name: string) => header.indexOf(name);
  const position = {
    id: at(columns.id),
    age: at(columns.age),
    sex: at(columns.sex),
    weight: at(columns.weight),
    height: at(columns.height),
    remarks: header[remarksColumn] === '' ? remarksColumn : at(columns.remarks),
  };
  if (position.id < 0) {
    throw new PhalanxError('metadata/unreadable', {
      what: 'The metadata table lacks a column',
      where: file,
      expected: `the columns ${Object.values(columns).slice(0, -1).join(', ')}`,
      received: header.join(', ').slice(0, 200),
    });
  }
  const persons = new Map<string, Person>();
  const defects: Defect[] = [];
  for (const [index, row] of rows.slice(1, maxRows).entries()) {
    const cell = (key: Column) => textOf(row[position[key]]);
    const id = folderName(cell('id'));
    if (id === '') continue;
    const odd = (key: Column, expected: string) => {
      defects.push(oddCell(file, `row ${index + 2} (${id})`, columns[key], expected, cell(key)));
    };
    if (persons.has(id)) odd('id', 'a person that has no other row');
    else persons.set(id, personOf(id, cell, odd));
  }
  return { persons, defects };
}

/** Tables number the people; their folders are called `ID001`. */
function folderName(id: string): string {
  return /^\d+$/.test(id) ? `ID${id.padStart(3, '0')}` : id;
}

function personOf(
  id: string,
  cell: (key: Column) => string,
  odd: (key: Column, expected: string) => void,
): Person {
  const numeric = (key: 'age' | 'weight' | 'height', most: number) => {
    const text = cell(key);
    const value = Number(text);
    if (text !== '' && value > 0 && value <= most) return { [key]: value };
    if (text !== '') odd(key, `a number up to ${most}`);
    return {};
  };
  const sexText = cell('sex').toLowerCase();
  const sex = Object.hasOwn(sexes, sexText) ? sexes[sexText] : undefined;
  const age = numeric('age', 130);
  if (sex === undefined && sexText !== '') odd('sex', '남 or 여');
  const remarks = cell('remarks');
  return {
    id,
    ...age,
    ...(sex === undefined ? {} : { sex }),
    ...numeric('weight', 500),
    ...numeric('height', 300),
    ...(remarks === '' ? {} : { remarks }),
  };
}

/** The cell as trimmed text without control characters, which Excel spells `_x0008_`. */
function textOf(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  const text = cell instanceof Date ? cell.toISOString() : String(cell);
  return text
    .replaceAll(/_x00[01][0-9a-f]_/gi, '')
    .replaceAll(/\p{Cc}/gu, '')
    .trim();
}

function oddCell(file: string, where: string, column: string, expected: string, received: string): Defect {
  return {
    severity: 'warning',
    code: 'metadata/unreadable-cell',
    file,
    what: `The cell ${column} of ${where} cannot be used`,
    expected,
    received: received.slice(0, 80),
  };
}
