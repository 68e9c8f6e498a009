import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { zipSync } from 'fflate';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { importLogits } from '../../src/inference/import/importLogits.ts';
import type { ImportOptions } from '../../src/inference/import/importLogits.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { classNames, syntheticLogits } from './syntheticLogits.ts';

const [height, width, classes] = [20, 33, classNames(3)];
const size = { width: 66, height: 40 };
/** `[height, width, classes]`. */
const logits = syntheticLogits(height, width, classes.length, Random.from('import'));

/** A file as NumPy's save() writes it. */
function npy(descr: string, shape: readonly number[], data: Uint8Array, fortran = false): Buffer {
  const order = fortran ? 'True' : 'False';
  const dict = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape.join(', ')}), }`;
  const header = `${dict.padEnd(117)}\n`;
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  return Buffer.concat([prefix, Buffer.from(header, 'latin1'), data]);
}

function bytes({ buffer }: Float32Array | Float64Array | Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}

const chw = Float32Array.from(logits, (_, i) => {
  const [c, pixel] = [Math.floor(i / (height * width)), i % (height * width)];
  return logits[pixel * classes.length + c]!;
});
/** Memory of Fortran's order of `[classes, height, width]`: the class is fastest, the column slowest. */
const fortran = Float64Array.from(logits, (_, i) => {
  const [c, y, x] = [i % 3, Math.floor(i / 3) % height, Math.floor(i / 3 / height)];
  return logits[(y * width + x) * 3 + c]!;
});
const probability = (x: number): number => 1 / (1 + Math.exp(-x));

let folder: string;
let store: LogitStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phalanx-import-'));
  store = new LogitStore(join(folder, 'store'));
  await mkdir(join(folder, 'arrays'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(array: Uint8Array, options: Partial<ImportOptions> = {}): Promise<Float32Array> {
  await writeFile(join(folder, 'arrays', 'a.png.npy'), array);
  const from = join(folder, 'arrays');
  for await (const event of importLogits({
    from,
    store,
    classes,
    size,
    layout: 'chw',
    values: 'logits',
    ...options,
  })) {
    expect(event.image).toBe('a.png');
  }
  const file = await store.read('a.png');
  expect(file.info).toMatchObject({ height, width, originalHeight: 40, originalWidth: 66, classes });
  const planes = await Promise.all(classes.map((_, c) => file.plane(c)));
  return logits.map((_, i) => planes[i % 3]![Math.floor(i / 3)]!);
}

async function direct(values: Float32Array): Promise<Float32Array> {
  const own = new LogitStore(join(folder, 'direct'));
  const original = { originalHeight: 40, originalWidth: 66 };
  await own.write(values, { image: 'd', height, width, ...original, classes, provenance: {} });
  const file = await own.read('d');
  const planes = await Promise.all(classes.map((_, c) => file.plane(c)));
  return values.map((_, i) => planes[i % 3]![Math.floor(i / 3)]!);
}

describe('importing NumPy arrays', () => {
  it.each<[string, Buffer, Partial<ImportOptions>]>([
    ['float32 [C, H, W]', npy('<f4', [3, height, width], bytes(chw)), {}],
    ['float32 [H, W, C]', npy('<f4', [height, width, 3], bytes(logits)), { layout: 'hwc' }],
    ['float64 in Fortran order', npy('<f8', [3, height, width], bytes(fortran), true), {}],
  ])('%s stores what Phalanx itself would', async (_, array, options) => {
    expect(await run(array, options)).toEqual(await direct(logits));
  });

  it('probabilities, also in 255ths, become logits', async () => {
    const exact = await direct(logits);
    const floats = npy('<f8', [height, width, 3], bytes(Float64Array.from(logits, probability)));
    expect(await run(floats, { layout: 'hwc', values: 'probabilities' })).toEqual(exact);
    const rounded = Uint8Array.from(logits, (x) => Math.round(255 * probability(x)));
    const read = await run(npy('|u1', [height, width, 3], rounded), {
      layout: 'hwc',
      values: 'probabilities',
    });
    const errors = read.map((x, i) => Math.abs(probability(x) - probability(exact[i]!)));
    expect(Math.max(...errors)).toBeLessThan(0.015);
  });

  it('reads float16', async () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x3555, 0x0001]);
    await writeFile(join(folder, 'arrays', 'h.npy'), npy('<f2', [1, 2, 2], new Uint8Array(halves.buffer)));
    const options = {
      from: join(folder, 'arrays'),
      store,
      classes: ['one'],
      size,
      layout: 'chw',
      values: 'logits',
    } as const;
    for await (const { total } of importLogits(options)) expect(total).toBe(1);
    const read = await (await store.read('h')).plane(0);
    for (const [i, expected] of [1, -2, 0.33325, 0].entries()) expect(read[i]).toBeCloseTo(expected, 1);
  });

  it.each([0, 6] as const)('reads every array of a .npz archive compressed at level %i', async (level) => {
    const array = npy('<f4', [3, height, width], bytes(chw));
    const from = join(folder, 'all.npz');
    await writeFile(from, zipSync({ 'a.png.npy': array, 'b.png.npy': array }, { level }));
    const seen: string[] = [];
    const options = { from, store, classes, size, layout: 'chw', values: 'logits' } as const;
    for await (const { image } of importLogits(options)) seen.push(image);
    expect([seen, await store.images()]).toEqual([
      ['a.png', 'b.png'],
      ['a.png', 'b.png'],
    ]);
    const exact = await direct(logits);
    const file = await store.read('b.png');
    const planes = await Promise.all(classes.map((_, c) => file.plane(c)));
    expect(logits.map((_, i) => planes[i % 3]![Math.floor(i / 3)]!)).toEqual(exact);
  });

  it('refuses archives that are damaged, or larger than they say', async () => {
    const from = join(folder, 'all.npz');
    const options = { from, store, classes, size, layout: 'chw', values: 'logits' } as const;
    const all = async () => {
      for await (const { image } of importLogits(options)) expect(image).toBe('a.png');
    };
    const archive = Buffer.from(zipSync({ 'a.png.npy': npy('<f4', [3, height, width], bytes(chw)) }));
    const directory = archive.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    const smaller = Buffer.from(archive);
    smaller.writeUInt32LE(1000, directory + 24);
    const larger = Buffer.from(archive);
    larger.writeUInt32LE(2 ** 31, directory + 24);
    const broken = Buffer.from(archive);
    broken.fill(0xff, 60, 120);
    for (const wrong of [smaller, larger, broken, archive.subarray(0, -30), Buffer.alloc(0)]) {
      await writeFile(from, wrong);
      await expect(all()).rejects.toMatchObject({ code: 'logits/import' });
    }
    const random = Random.from('npz-fuzz');
    for (let round = 0; round < 60; round++) {
      const hostile = Buffer.from(archive);
      for (let i = 0; i < 3; i++) hostile[random.integer(0, hostile.length)] = random.integer(0, 256);
      await writeFile(from, hostile);
      const error: unknown = await all().catch((thrown: unknown) => thrown);
      if (error instanceof Error) expect(error, String(error)).toBeInstanceOf(PhalanxError);
    }
  });

  it.each<[string, Buffer]>([
    ['objects', npy('|O', [3, height, width], bytes(chw))],
    ['big-endian values', npy('>f4', [3, height, width], bytes(chw))],
    ['too few bytes', npy('<f4', [3, height, width], bytes(chw).subarray(4))],
    ['a huge shape', npy('<f4', [3, 9007199254740991, 9007199254740991], bytes(chw))],
    ['other classes', npy('<f4', [height, width, 3], bytes(logits))],
    ['two axes', npy('<f4', [3, height * width], bytes(chw))],
    ['no array', Buffer.from('PK not NumPy at all')],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s and writes nothing', async (_, array) => {
    await expect(run(array)).rejects.toMatchObject({ code: 'logits/import' });
    expect(await readdir(folder)).not.toContain('store');
  });

  it('names image and class of a value that is not finite', async () => {
    const wrong = chw.slice();
    wrong[height * width + 5] = Infinity;
    await expect(run(npy('<f4', [3, height, width], bytes(wrong)))).rejects.toMatchObject({
      code: 'logits/not-finite',
      parts: { where: expect.stringContaining('image a.png, class class-1') as string, received: 'Infinity' },
    });
  });

  it('survives any header', async () => {
    const random = Random.from('npy-fuzz');
    const whole = npy('<f4', [3, height, width], bytes(chw));
    for (let round = 0; round < 150; round++) {
      const hostile = Buffer.from(
        whole.subarray(0, random.integer(0, 2) === 0 ? random.integer(0, 200) : whole.length),
      );
      for (let i = 0; i < 3 && hostile.length > 0; i++) {
        hostile[random.integer(0, Math.min(128, hostile.length))] = random.integer(0, 256);
      }
      const error: unknown = await run(hostile).catch((thrown: unknown) => thrown);
      if (error instanceof Error) expect(error, String(error)).toBeInstanceOf(PhalanxError);
    }
  });
});
