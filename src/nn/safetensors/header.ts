import { PhalanxError } from '../../core/errors.ts';
import { MAX_RANK, bytesPerElement, dtypes, elementCount, isDtype } from './format.ts';
import type { Dtype } from './format.ts';

export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Range in the data section, in bytes. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In order of their bytes. */
  readonly tensors: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Parses and checks a header against the size of the data section that follows it: known types, ranges that agree
 * with the shapes, lie inside the file, do not overlap and leave no gap.
 *
 * @throws PhalanxError `safetensors/header`
 */
export function parseHeader(text: string, dataBytes: number, file: string): Header {
  const json = parseObject(text, file);
  const tensors: TensorEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = parseMetadata(value, file);
    else tensors.push(parseEntry(name, value, file));
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== position) {
      throw malformed(file, `bytes of tensor ${quote(name)} to begin at ${position}`, String(begin));
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw new PhalanxError('safetensors/header', {
      what: position > dataBytes ? 'The file is cut short' : 'The file has bytes that belong to no tensor',
      where: file,
      expected: `${position} bytes of tensors`,
      received: `${dataBytes}`,
      fix: 'Copy or download the file again',
    });
  }
  return { tensors, metadata };
}

function parseObject(text: string, file: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw malformed(file, 'a JSON header', 'text that is not JSON', cause);
  }
  if (!isObject(json)) throw malformed(file, 'a JSON object as header', describe(json));
  return json;
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  const strings = isObject(value) && Object.values(value).every((item) => typeof item === 'string');
  if (!strings) throw malformed(file, '__metadata__ to be an object of strings', describe(value));
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown, file: string): TensorEntry {
  const where = `tensor ${quote(name)}`;
  if (!isObject(value)) throw malformed(file, `${where} to be described by an object`, describe(value));
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    throw malformed(file, `${where} to be of type ${dtypes.join(', ')}`, describe(dtype));
  }
  if (!isCounts(shape) || shape.length > MAX_RANK || !Number.isSafeInteger(elementCount(shape))) {
    throw malformed(file, `${where} to have a shape of up to ${MAX_RANK} whole numbers`, describe(shape));
  }
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw malformed(file, `${where} to have two data_offsets`, describe(offsets));
  }
  const [begin, end] = offsets as [number, number];
  const bytes = elementCount(shape) * bytesPerElement[dtype];
  if (end - begin !== bytes) {
    throw malformed(
      file,
      `${where}, ${dtype} of shape [${shape.join(', ')}], to take ${bytes} bytes`,
      `${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

function malformed(file: string, expected: string, received: string, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'safetensors/header',
    {
      what: 'The file is not a valid .safetensors file',
      where: file,
      expected,
      received,
      fix: 'Copy or download the file again, or export it anew',
    },
    { cause },
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function describe(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
