import { MEBIBYTE, malformed } from './defect.ts';
import type { Source } from './source.ts';

/** A file inside an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Where its bytes begin in the archive. */
  readonly start: number;
  /** Bytes in the archive. */
  readonly bytes: number;
  /** Where it is compressed, what the archive says its size is; undefined where its bytes are stored as they are. */
  readonly inflated?: number;
}

export interface ZipOptions {
  /** Whether entries may be compressed by DEFLATE. Default: no. */
  readonly deflated?: boolean;
}

/** What the central directory says of an entry. */
interface Record {
  readonly name: string;
  readonly bytes: number;
  readonly inflated?: number;
  /** Of its local header. */
  readonly header: number;
}

const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const DIRECTORY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_ENTRIES = 200_000;
const MAX_DIRECTORY = 64 * MEBIBYTE;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

/**
 * The entries of an archive such as `torch.save` writes: stored unless asked otherwise, in one part, Zip64 where sizes
 * need it. Every size and place is checked against the file, and no two entries may share a byte.
 *
 * @throws PhalanxError `torch-file/malformed`
 */
export async function readZip(
  source: Source,
  { deflated = false }: ZipOptions = {},
): Promise<ReadonlyMap<string, ZipEntry>> {
  const { count, start, bytes } = await findDirectory(source);
  const records = parseDirectory(await source.read(start, bytes), count, source.path, deflated);
  records.sort((a, b) => a.header - b.header);
  const entries = new Map<string, ZipEntry>();
  let free = 0;
  for (const record of records) {
    const entry = await locate(source, record);
    if (record.header < free || entry.start + entry.bytes > start) {
      throw malformed(
        source.path,
        `bytes of its own for entry ${quote(entry.name)}`,
        'bytes of another as well',
      );
    }
    if (entries.has(entry.name)) {
      throw malformed(source.path, 'each entry once', `${quote(entry.name)} twice`);
    }
    entries.set(entry.name, entry);
    free = entry.start + entry.bytes;
  }
  return entries;
}

async function findDirectory(
  source: Source,
): Promise<{ readonly count: number; readonly start: number; readonly bytes: number }> {
  const tailBytes = Math.min(source.size, END_BYTES + LONGEST_COMMENT);
  const tail = viewOf(await source.read(source.size - tailBytes, tailBytes));
  let at = tailBytes - END_BYTES;
  while (at >= 0 && !(tail.getUint32(at, true) === 0x06054b50 && endsAt(tail, at) === tailBytes)) at--;
  if (at < 0) throw malformed(source.path, "a zip archive's end of directory", 'none: the file is cut short');
  const end = source.size - tailBytes + at;
  let directory = {
    count: tail.getUint16(at + 10, true),
    bytes: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  };
  let limit = end;
  const locator = end - 20;
  const zip64 = locator >= 0 ? viewOf(await source.read(locator, 20)) : undefined;
  if (zip64?.getUint32(0, true) === 0x07064b50) {
    limit = whole(zip64.getBigUint64(8, true), source.path);
    if (limit + 56 > locator)
      throw malformed(source.path, 'a Zip64 record before its locator', `one at ${limit}`);
    const record = viewOf(await source.read(limit, 56));
    if (record.getUint32(0, true) !== 0x06064b50) {
      throw malformed(source.path, 'a Zip64 record where its locator says', 'something else');
    }
    directory = {
      count: whole(record.getBigUint64(32, true), source.path),
      bytes: whole(record.getBigUint64(40, true), source.path),
      start: whole(record.getBigUint64(48, true), source.path),
    };
  }
  const { count, start, bytes } = directory;
  if (start + bytes > limit || count > MAX_ENTRIES || bytes > MAX_DIRECTORY) {
    throw malformed(
      source.path,
      `a directory inside the file of up to ${MAX_ENTRIES} entries and ${MAX_DIRECTORY} bytes`,
      `one of ${count} entries and ${bytes} bytes at ${start}`,
    );
  }
  return directory;
}

function endsAt(tail: DataView, at: number): number {
  return at + END_BYTES + tail.getUint16(at + 20, true);
}

function parseDirectory(bytes: Uint8Array, count: number, file: string, deflated: boolean): Record[] {
  const view = viewOf(bytes);
  const records: Record[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + DIRECTORY_BYTES > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw malformed(file, `${count} entries in the directory`, `something else as entry ${index}`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const next = at + DIRECTORY_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (next > bytes.length) throw malformed(file, 'a whole directory', `entry ${index} ends after it`);
    const extraAt = at + DIRECTORY_BYTES + nameBytes;
    const name = text(bytes.subarray(at + DIRECTORY_BYTES, extraAt));
    const wide = { at: extraAt, end: extraAt + extraBytes };
    const [size, compressed, header] = widened(
      view,
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      wide,
      file,
    ) as [number, number, number];
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const isStored = method === STORED && compressed === size;
    const isDeflated = deflated && method === DEFLATED;
    if ((!isStored && !isDeflated) || (flags & ENCRYPTED) !== 0) {
      throw malformed(
        file,
        `entry ${quote(name)} to be stored ${deflated ? 'or deflated' : 'as it is'}`,
        deflated ? 'one that is compressed otherwise or encrypted' : 'one that is compressed or encrypted',
      );
    }
    records.push({ name, bytes: compressed, header, ...(isDeflated ? { inflated: size } : {}) });
    at = next;
  }
  return records;
}

/** Replaces each 0xffffffff by its 64 bits in the Zip64 extra field, which holds only those, in this order. */
function widened(
  view: DataView,
  values: readonly number[],
  { at, end }: { readonly at: number; readonly end: number },
  file: string,
): number[] {
  if (!values.includes(0xffffffff)) return [...values];
  let position = at;
  while (position + 4 <= end && view.getUint16(position, true) !== 1) {
    position += 4 + view.getUint16(position + 2, true);
  }
  const fieldEnd = position + 4 <= end ? position + 4 + view.getUint16(position + 2, true) : 0;
  position += 4;
  return values.map((value) => {
    if (value !== 0xffffffff) return value;
    if (position + 8 > Math.min(fieldEnd, end))
      throw malformed(file, 'a Zip64 field with every size', 'none');
    position += 8;
    return whole(view.getBigUint64(position - 8, true), file);
  });
}

async function locate(source: Source, { name, bytes, inflated, header }: Record): Promise<ZipEntry> {
  const local = viewOf(await source.read(header, LOCAL_BYTES));
  const method = inflated === undefined ? STORED : DEFLATED;
  if (local.getUint32(0, true) !== 0x04034b50 || local.getUint16(8, true) !== method) {
    throw malformed(source.path, `a header of the entry ${quote(name)} at ${header}`, 'something else');
  }
  const nameBytes = local.getUint16(26, true);
  const start = header + LOCAL_BYTES + nameBytes + local.getUint16(28, true);
  const localName = text(await source.read(header + LOCAL_BYTES, nameBytes));
  if (localName !== name) throw malformed(source.path, `entry ${quote(name)} at ${header}`, quote(localName));
  if (start + bytes > source.size) {
    throw malformed(source.path, `entry ${quote(name)} inside the file`, `${bytes} bytes at ${start}`);
  }
  return { name, start, bytes, ...(inflated === undefined ? {} : { inflated }) };
}

function whole(value: bigint, file: string): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw malformed(file, 'sizes inside the file', value.toString());
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
