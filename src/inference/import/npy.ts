import { PhalanxError } from '../../core/errors.ts';

/** An array's place in a file, read here and there. */
export interface ByteSource {
  /** For messages: the file, and the entry in it. */
  readonly name: string;
  readonly size: number;
  read(at: number, bytes: number): Promise<Uint8Array>;
}

const dtypes = { '<f2': 2, '<f4': 4, '<f8': 8, '|u1': 1 } as const;
export type Dtype = keyof typeof dtypes;

/** What a .npy file says about its array. */
export interface NpyHeader {
  readonly dtype: Dtype;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the values begin, in bytes. */
  readonly start: number;
}

const longest = 1 << 16;
const headerPattern =
  /^\{\s*'descr':\s*'([^']{1,8})',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d, ]*)\),?\s*\}\s*$/;

/** Bytes of one value. */
export function bytesOf(dtype: Dtype): number {
  return dtypes[dtype];
}

/**
 * Reads the header of a .npy file (NumPy's format 1 to 3). It is a Python literal; only the one form that NumPy writes
 * is accepted, and arrays of objects, which NumPy would unpickle, are refused.
 *
 * @throws PhalanxError `logits/import`.
 */
export async function readNpyHeader(source: ByteSource): Promise<NpyHeader> {
  const prefix = Buffer.from(await source.read(0, Math.min(12, source.size)));
  const major = prefix[6] ?? 0;
  if (prefix.length < 12 || prefix.toString('latin1', 0, 6) !== '\x93NUMPY' || major < 1 || major > 3) {
    throw refused(source, 'a .npy array', 'something else');
  }
  const [length, at] = major === 1 ? [prefix.readUInt16LE(8), 10] : [prefix.readUInt32LE(8), 12];
  if (length > longest || at + length > source.size) {
    throw refused(source, `a header of at most ${longest} bytes inside the file`, `one of ${length}`);
  }
  const text = Buffer.from(await source.read(at, length)).toString('latin1');
  const found = headerPattern.exec(text);
  if (found === null)
    throw refused(source, "a header as NumPy's save() writes it", text.slice(0, 120).trim());
  const dtype = found[1]!;
  if (!isDtype(dtype)) throw refused(source, `values of type ${Object.keys(dtypes).join(', ')}`, dtype);
  const shape = found[3]!.split(',').flatMap((side) => (side.trim() === '' ? [] : [Number(side)]));
  const start = at + length;
  const bytes = shape.reduce((product, side) => product * side, bytesOf(dtype));
  if (!Number.isSafeInteger(bytes) || start + bytes !== source.size) {
    throw refused(source, `${bytes} bytes for an array of [${shape.join(', ')}]`, `${source.size - start}`);
  }
  return { dtype, fortran: found[2] === 'True', shape, start };
}

function isDtype(text: string): text is Dtype {
  return Object.hasOwn(dtypes, text);
}

/** Values of little-endian bytes. */
export function valuesOf(bytes: Uint8Array, dtype: Dtype): ArrayLike<number> {
  if (dtype === '|u1') return bytes;
  const buffer = bytes.slice().buffer;
  if (dtype === '<f4') return new Float32Array(buffer);
  if (dtype === '<f8') return new Float64Array(buffer);
  return Float32Array.from(new Uint16Array(buffer), halfToNumber);
}

function halfToNumber(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

export function refused(
  { name }: Pick<ByteSource, 'name'>,
  expected: string,
  received: string,
): PhalanxError {
  return new PhalanxError('logits/import', {
    what: 'The array cannot be imported as logits',
    where: name,
    expected,
    received,
  });
}
