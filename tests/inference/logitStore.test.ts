import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { LogitInfo } from '../../src/inference/store/logitFile.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { mixLogits, packLogits } from '../../src/inference/store/packedPlane.ts';
import type { PackedLogits } from '../../src/inference/store/packedPlane.ts';
import { mixLogitsPlain, packLogitsPlain } from '../../src/inference/store/plain/packedPlane.ts';
import { decodingTable, storedByte } from '../../src/inference/store/quantization.ts';
import { classNames, syntheticLogits } from './syntheticLogits.ts';

describe('the code of a logit', () => {
  it('errs by at most 1/230 near 0 and 2.2 % elsewhere', () => {
    for (let x = -18; x < 18; x += 0.00137) {
      const error = Math.abs(decodingTable[storedByte(x)]! - x);
      expect(error).toBeLessThanOrEqual(Math.hypot(1 / 230, 0.022 * x));
    }
  });

  it('is monotonic, odd and clamped', () => {
    const logits = [-Infinity, -1e9, -18.7, -1, 0, 1, 18.7, 1e9, Infinity].map((x) => storedByte(x) - 128);
    expect(logits[0]).toBe(-127);
    expect(logits).toEqual(logits.toSorted((a, b) => a - b));
    expect(logits.toReversed().map((code) => 0 - code)).toEqual(logits);
  });
});

describe('packed logits', () => {
  const sizes = [
    [64, 64, 3],
    [1, 1, 1],
    [33, 47, 5],
    [17, 16, 33],
  ] as const;

  it.each(sizes)('of [%i, %i, %i] are the plain twin to the bit', async (height, width, classes) => {
    const random = Random.from('pack', height);
    const logits = syntheticLogits(height, width, classes, random);
    logits[0] = Infinity;
    logits[logits.length - 1] = -Infinity;
    const native = await packLogits(logits, height, width, classes);
    expect(native).toEqual(packLogitsPlain(logits, height, width, classes));
    const other = await packLogits(syntheticLogits(height, width, classes, random), height, width, classes);
    const members = [native, other].map((planes, m) => ({
      planes: planes as Uint8Array[],
      weights: Array.from({ length: classes }, (_, c) => 0.3 + 0.1 * m + 0.01 * c),
    }));
    const mixed = await mixLogits(members, height, width);
    expect(mixed).toEqual(mixLogitsPlain(members, height, width));
    expect(mixed.some(Number.isNaN)).toBe(false);
  });

  it('name a logit that is NaN', async () => {
    const logits = syntheticLogits(20, 20, 3, Random.from('nan'));
    logits[777] = NaN;
    logits[900] = NaN;
    expect(await packLogits(logits, 20, 20, 3)).toBe(777);
    expect(packLogitsPlain(logits, 20, 20, 3)).toBe(777);
  });

  it('are refused when a plane is shorter than its map asks for', async () => {
    const packed = (await packLogits(syntheticLogits(32, 32, 2, Random.from(1)), 32, 32, 2)) as Uint8Array[];
    const mix = (planes: Uint8Array[]): Promise<Float32Array> =>
      mixLogits([{ planes, weights: [1, 1] } satisfies PackedLogits], 32, 32);
    await expect(mix([packed[0]!, packed[1]!.subarray(0, 3)])).rejects.toThrow(/truncated/);
    await expect(mix([packed[0]!, packed[1]!.subarray(0, -1)])).rejects.toThrow(/truncated/);
  });
});

describe('LogitStore', () => {
  const [height, width] = [64, 80];
  const provenance = { checkpoint: 'c0ffee', tta: 'none' };
  const info: LogitInfo = {
    image: 'a.png',
    height,
    width,
    originalHeight: 128,
    originalWidth: 160,
    classes: classNames(3),
    provenance,
  };
  const logits = syntheticLogits(height, width, 3, Random.from('store'));
  let store: LogitStore;
  let path: string;
  beforeEach(async () => {
    store = new LogitStore(await mkdtemp(join(tmpdir(), 'phalanx-logits-')));
    path = store.pathOf('a.png');
    await store.write(logits, info);
  });
  afterEach(() => rm(store.root, { recursive: true }));

  async function readAll(): Promise<Float32Array> {
    const file = await store.read('a.png');
    const planes = await Promise.all(file.info.classes.map((_, c) => file.packedPlane(c)));
    return mixLogits([{ planes, weights: [1, 1, 1] }], height, width);
  }

  it('gives back what was written: information, signs, and values near the border', async () => {
    expect((await store.read('a.png')).info).toEqual(info);
    const read = await readAll();
    const far = read.filter((value, i) => Math.abs(logits[i]!) > 4.2 && Math.abs(value) < 3.9);
    const wrong = read.filter(
      (value, i) => Math.abs(logits[i]!) < 4 && Math.abs(value - logits[i]!) > Math.hypot(0.005, 0.1),
    );
    expect([far.length, wrong.length]).toEqual([0, 0]);
  });

  it('keeps files that are whole and made in the same way, and no others', async () => {
    expect(await store.find('a.png', provenance)).toBe('whole');
    expect(await store.find('b.png', provenance)).toBe('missing');
    expect(await store.find('a.png', { ...provenance, checkpoint: 'other' })).toBe('other');
    expect(await store.find('a.png', { ...provenance, tta: 'HorizontalFlip' })).toBe('other');
    await truncate(path, (await readFile(path)).length - 1);
    expect(await store.find('a.png', provenance)).toBe('damaged');
  });

  it('notices any single byte that differs', async () => {
    const bytes = await readFile(path);
    for (let i = 0; i < bytes.length; i += 7) {
      const changed = Buffer.from(bytes);
      changed[i]! ^= 0x10;
      await writeFile(path, changed);
      await expect(readAll(), `byte ${i}`).rejects.toMatchObject({ code: 'logits/damaged' });
    }
  });

  it('names files that are cut short, empty, missing, or of another image', async () => {
    const bytes = await readFile(path);
    for (const length of [0, 7, 19, 25, 200, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readAll()).rejects.toMatchObject({
        code: 'logits/damaged',
        parts: { where: path },
      });
    }
    await writeFile(path, bytes);
    await writeFile(store.pathOf('b.png'), bytes);
    await expect(store.read('b.png')).rejects.toMatchObject({ code: 'logits/damaged' });
    await expect(store.read('c.png')).rejects.toMatchObject({ code: 'logits/missing' });
  });

  it('refuses headers that ask for more than they should, whatever their checksums', async () => {
    const bytes = await readFile(path);
    const headerLength = bytes.readUInt32LE(12);
    const header = JSON.parse(bytes.toString('utf8', 20, 20 + headerLength)) as Record<string, unknown>;
    const forge = async (change: Record<string, unknown>): Promise<void> => {
      const forged = Buffer.from(JSON.stringify({ ...header, ...change }));
      const prefix = Buffer.from(bytes.subarray(0, 20));
      prefix.writeUInt32LE(forged.length, 12);
      prefix.writeUInt32LE(crc32(forged), 16);
      await writeFile(path, Buffer.concat([prefix, forged, bytes.subarray(20 + headerLength)]));
    };
    for (const change of [
      { height: 1e9 },
      { height: 16384, width: 16384 },
      { height: -1 },
      { height: height + 16 },
      { classes: ['one'] },
      { streams: [] },
      { block: 8 },
      { more: 1 },
    ]) {
      await forge(change);
      await expect(readAll(), JSON.stringify(change)).rejects.toMatchObject({ code: 'logits/damaged' });
    }
  });

  it('names image and class of a prediction that is NaN, and writes nothing', async () => {
    const wrong = logits.slice();
    wrong[3 * 100 + 1] = NaN;
    await expect(store.write(wrong, { ...info, image: 'n.png' })).rejects.toMatchObject({
      code: 'logits/not-finite',
      parts: { where: 'image n.png, class class-1' },
    });
    expect(await readdir(store.root)).toEqual(['a.png.logits']);
  });
});
