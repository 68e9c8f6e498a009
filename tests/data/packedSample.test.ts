import { expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { checksumOf, packPlanes, unpackSample } from '../../src/data/cache/packedSample.ts';
import { plainChecksum, plainUnpackSample } from '../../src/data/cache/plain/packedSample.ts';

const random = Random.from('packed');

function planesOf(count: number, pixels: number, change: number): Uint32Array[] {
  return Array.from({ length: count }, () => {
    let value = 0;
    return Uint32Array.from({ length: pixels }, () =>
      random.chance(change) ? (value = random.bits()) : value,
    );
  });
}

function blanks(count: number, pixels: number): Uint32Array[] {
  return Array.from({ length: count }, () => new Uint32Array(pixels).fill(7));
}

test('checksums are CRC-32C, over parts of any length', async () => {
  // RFC 3720, B.4, and the check value of the CRC catalogue.
  expect(await checksumOf([new Uint8Array(32)])).toBe(0x8a9136aa);
  expect(await checksumOf([Buffer.from('1234'), Buffer.from('56789')])).toBe(0xe3069283);
  for (const length of [1, 7, 8, 9, 1001]) {
    const bytes = Uint8Array.from({ length }, () => random.integer(0, 256));
    const parts = [bytes.subarray(0, 3), bytes.subarray(3)];
    expect(await checksumOf(parts)).toBe(plainChecksum(parts));
    expect(plainChecksum(parts)).toBe(plainChecksum([bytes]));
  }
});

test.each([
  [1, 1, 0],
  [1, 500, 0],
  [1, 500, 0.1],
  [2, 333, 1],
  [3, 64, 0.5],
])('%d planes of %d pixels come back', async (count, pixels, change) => {
  const planes = planesOf(count, pixels, change);
  const words = packPlanes(planes);
  expect(words.length).toBeLessThanOrEqual(count * (1 + 2 * pixels));
  for (const unpack of [unpackSample, plainUnpackSample]) {
    const target = blanks(count, pixels);
    expect(await unpack([], 0, words, target, pixels)).toBe(true);
    expect(target).toEqual(planes);
  }
});

test('a few borders take few words', () => {
  const plane = new Uint32Array(1000).fill(5, 100, 200);
  expect([...packPlanes([plane])]).toEqual([3, 0, 100, 5, 100, 0, 800]);
});

test.each<[string, number[]]>([
  ['nothing', []],
  ['no stretches', [0]],
  ['too few pixels', [1, 9, 3]],
  ['too many pixels', [1, 9, 5]],
  ['lengths that wrap around', [2, 9, 2 ** 32 - 1, 9, 5]],
  ['more stretches than words', [2 ** 32 - 1, 9, 4]],
  ['a stretch without length', [1, 9]],
  ['words left over', [1, 9, 4, 0]],
])('%s is not taken for a plane', async (_, words) => {
  for (const unpack of [unpackSample, plainUnpackSample]) {
    expect(await unpack([], 0, Uint32Array.from(words), blanks(1, 4), 4)).toBe(false);
  }
});

test('nor is anything with another checksum', async () => {
  const words = packPlanes(blanks(1, 4));
  const parts = [Uint8Array.of(1, 2, 3)];
  const checksum = await checksumOf(parts);
  for (const unpack of [unpackSample, plainUnpackSample]) {
    expect(await unpack(parts, checksum, words, blanks(1, 4), 4)).toBe(true);
    expect(await unpack(parts, (checksum ^ 1) >>> 0, words, blanks(1, 4), 4)).toBe(false);
  }
});
