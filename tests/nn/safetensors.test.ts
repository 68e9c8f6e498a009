import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { toFloat32 } from '../../src/nn/safetensors/floats.ts';
import type { HostTensor } from '../../src/nn/safetensors/format.ts';
import { readSafetensors } from '../../src/nn/safetensors/read.ts';
import { writeSafetensors } from '../../src/nn/safetensors/write.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

const tensors = new Map<string, HostTensor>([
  ['bytes', { dtype: 'U8', shape: [3], data: new Uint8Array([1, 2, 255]) }],
  ['kernel', { dtype: 'F32', shape: [2, 1, 2], data: new Float32Array([1.5, -2, NaN, 1e-40]) }],
  ['count', { dtype: 'I64', shape: [], data: new BigInt64Array([-(2n ** 60n)]) }],
  ['half', { dtype: 'F16', shape: [2], data: new Uint16Array([0x3c00, 0xc000]) }],
  ['brain', { dtype: 'BF16', shape: [1, 1], data: new Uint16Array([0x3f80]) }],
  ['seed', { dtype: 'I32', shape: [2], data: new Int32Array([-1, 7]) }],
  ['empty', { dtype: 'F32', shape: [0, 4], data: new Float32Array() }],
  ['__proto__', { dtype: 'U8', shape: [1], data: new Uint8Array([9]) }],
]);

describe('a written file', () => {
  test('reads back as it was, whatever the types', async () => {
    const path = join(folder, 'all.safetensors');
    await writeSafetensors(path, tensors, { format: 'pt', épreuve: '✓' });
    const file = await readSafetensors(path);
    expect(new Map([...file.tensors].sort())).toEqual(new Map([...tensors].sort()));
    expect(file.metadata).toEqual({ format: 'pt', épreuve: '✓' });
  });

  test('has every tensor aligned to its elements', async () => {
    const path = join(folder, 'aligned.safetensors');
    await writeSafetensors(path, tensors);
    const bytes = await readFile(path);
    const headerBytes = Number(bytes.readBigUInt64LE(0));
    expect(headerBytes % 8).toBe(0);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    for (const [name, { data }] of tensors) {
      const entry = Object.entries(header).find(([key]) => key === name)![1];
      expect(entry.data_offsets[0] % data.BYTES_PER_ELEMENT, name).toBe(0);
    }
  });

  test('replaces an older one only when complete', async () => {
    const path = join(folder, 'kept.safetensors');
    await writeSafetensors(path, tensors);
    const before = await readFile(path);
    const wrong = new Map<string, HostTensor>([['a', { dtype: 'U8', shape: [4], data: new Uint8Array(3) }]]);
    await expect(writeSafetensors(path, wrong)).rejects.toThrow('Tensor a has 3 values');
    expect(await readFile(path)).toEqual(before);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

test('half precisions widen exactly', () => {
  const half = (bits: number) => toFloat32({ dtype: 'F16', shape: [1], data: new Uint16Array([bits]) })[0];
  expect([0x0000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x83ff].map(half)).toEqual([
    0,
    1,
    -2,
    65504,
    2 ** -14,
    2 ** -24,
    1023 * 2 ** -24,
    -1023 * 2 ** -24,
  ]);
  expect(half(0x8000)).toBe(-0);
  expect([half(0x7c00), half(0xfc00), half(0x7e00)]).toEqual([Infinity, -Infinity, NaN]);
  const brain = toFloat32({ dtype: 'BF16', shape: [3], data: new Uint16Array([0x3f80, 0xc049, 0x7f80]) });
  expect([...brain]).toEqual([1, -3.140625, Infinity]);
});

describe('a file from elsewhere', () => {
  const offsets = (begin: number, end: number, extra = {}) => ({
    dtype: 'F32',
    shape: [(end - begin) / 4],
    data_offsets: [begin, end],
    ...extra,
  });

  function file(header: unknown, dataBytes: number, headerBytes?: bigint): Buffer {
    const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(headerBytes ?? BigInt(text.length));
    return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
  }

  test.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'a file of 0 bytes'],
    ['less than a prefix', Buffer.alloc(5), 'a file of 5 bytes'],
    ['a header longer than the file', file({}, 0, 1000n), 'a header length of 1000'],
    ['a header length of 2^64 - 1', file({}, 0, 2n ** 64n - 1n), '18446744073709551615'],
    ['a header that is not JSON', file('{"a":', 0), 'text that is not JSON'],
    ['a list as header', file([1], 0), 'a JSON object as header'],
    ['deep nesting', file(`{"a":${'['.repeat(1e5)}`, 0), 'text that is not JSON'],
    ['a tensor that is a number', file({ a: 1 }, 0), 'tensor "a" to be described by an object'],
    ['an unknown type', file({ a: offsets(0, 4, { dtype: 'F8_E4M3' }) }, 4), 'received "F8_E4M3"'],
    ['an inherited type', file({ a: offsets(0, 4, { dtype: 'toString' }) }, 4), 'received "toString"'],
    ['a negative shape', file({ a: offsets(0, 4, { shape: [-1, -1] }) }, 4), 'received [-1,-1]'],
    [
      'a shape whose product overflows',
      file({ a: offsets(0, 4, { shape: [2 ** 40, 2 ** 40] }) }, 4),
      'shape',
    ],
    ['too many axes', file({ a: offsets(0, 4, { shape: Array<number>(9).fill(1) }) }, 4), 'up to 8'],
    ['three offsets', file({ a: offsets(0, 4, { data_offsets: [0, 2, 4] }) }, 4), 'two data_offsets'],
    ['reversed offsets', file({ a: offsets(0, 4, { data_offsets: [4, 0] }) }, 4), 'to take 4 bytes'],
    ['fewer bytes than the shape needs', file({ a: offsets(0, 8, { shape: [3] }) }, 8), 'to take 12 bytes'],
    ['overlapping tensors', file({ a: offsets(0, 8), b: offsets(4, 12) }, 12), '"b" to begin at 8'],
    ['a gap', file({ a: offsets(0, 4), b: offsets(8, 12) }, 12), '"b" to begin at 4'],
    [
      'a tensor named twice',
      file(
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        2,
      ),
      '"a" to begin at 0',
    ],
    ['too few bytes', file({ a: offsets(0, 400) }, 399), 'cut short'],
    ['too many bytes', file({ a: offsets(0, 4) }, 5), 'belong to no tensor'],
    ['metadata that is not text', file({ __metadata__: { step: 1 } }, 0), '__metadata__'],
  ])('with %s is refused', async (_, bytes, message) => {
    const path = join(folder, 'hostile.safetensors');
    await writeFile(path, bytes);
    const error: unknown = await readSafetensors(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PhalanxError);
    expect((error as PhalanxError).code).toBe('safetensors/header');
    expect((error as PhalanxError).message).toContain(message);
    expect((error as PhalanxError).message).toContain(path);
  });

  test.each(['missing.safetensors', '.'])('at a path that is no file (%s) is refused', async (name) => {
    await expect(readSafetensors(join(folder, name))).rejects.toMatchObject({ code: 'safetensors/open' });
  });
});
