import { readFileSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PhalanxError } from '../../../src/core/errors.ts';
import { parseAnnotation, readCoco } from '../../../src/data/formats/coco/document.ts';
import { paintCoco } from '../../../src/data/formats/coco/paint.ts';
import { readTable } from '../../../src/data/formats/rleTable/table.ts';
import { readAnySize, readStored } from '../../../src/data/images/anyImage.ts';
import { readVolume, readVolumeHeader } from '../../../src/data/volumes/anyVolume.ts';
import { temporaryFolder, write } from '../../temporaryFolder.ts';

const goldens = resolve('tests/goldens/readers');
const maxPixels = 2500;
const maxBytes = 10_000;
const runs = { seed: 6, numRuns: 30 };

/** What a reader gave or told; anything but an error that a person can act on is a defect of ours. */
async function outcome<Result>(reading: Promise<Result> | Result): Promise<Result | PhalanxError> {
  try {
    return await reading;
  } catch (thrown) {
    if (thrown instanceof PhalanxError) return thrown;
    throw thrown;
  }
}

/** Cut short, or with some bytes replaced. */
const mangling = (length: number) =>
  fc.oneof(
    fc.nat(length - 1).map((end) => (bytes: Buffer) => bytes.subarray(0, end)),
    fc
      .array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
      .map((changes) => (bytes: Buffer) => {
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      }),
    // The header is where lengths and sizes are.
    fc
      .array(fc.tuple(fc.nat(Math.min(length, 600) - 1), fc.constantFrom(0, 1, 127, 128, 255)), {
        minLength: 1,
        maxLength: 4,
      })
      .map((changes) => (bytes: Buffer) => {
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      }),
  );

const pictures = ['images', 'dicom'].flatMap((folder) =>
  readdirSync(join(goldens, folder)).map((name) => `${folder}/${name}`),
);

test.each(pictures)('%s, mangled, is read or refused', async (name) => {
  const intact = readFileSync(join(goldens, name));
  const path = join(await temporaryFolder(), 'mangled');
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(mangling(intact.length), async (mangle) => {
      await write(path, mangle(Buffer.from(intact)));
      for (const indices of [false, true]) {
        const stored = await outcome(readStored(path, maxPixels, { indices }));
        if (stored instanceof PhalanxError) refused++;
        else expect(stored.data.length).toBe(stored.width * stored.height * stored.channels);
      }
      await outcome(readAnySize(path, maxPixels));
    }),
    runs,
  );
  expect(refused).toBeGreaterThan(0);
});

const volumes = ['int16.nii.gz', 'plain.nii', 'raw.mhd', 'packed.mhd', 'local.mha', 'packed.mha'];

test.each(volumes)('%s, mangled, is read or refused', async (name) => {
  const root = await temporaryFolder();
  const intact = readFileSync(join(goldens, 'volumes', name));
  for (const voxels of ['raw.raw', 'packed.zraw']) {
    await write(join(root, voxels), await readFile(join(goldens, 'volumes', voxels)));
  }
  const path = join(root, name);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(mangling(intact.length), async (mangle) => {
      await write(path, mangle(Buffer.from(intact)));
      const volume = await outcome(readVolume(path, { root, maxBytes }));
      if (volume instanceof PhalanxError) refused++;
      else expect(volume.data.length).toBe(volume.size.reduce((product, size) => product * size));
      await outcome(readVolumeHeader(path, { root, maxBytes }));
    }),
    runs,
  );
  expect(refused).toBeGreaterThan(0);
});

describe('sizes that would not fit into memory are refused before they are believed', () => {
  /** A PNG file that says it is 60000 × 60000. */
  const png = (colourType: number): Buffer => {
    const bytes = readFileSync(join(goldens, 'images', colourType === 3 ? 'palette8.png' : 'grey8.png'));
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    return bytes;
  };
  const dicom = (): Buffer => {
    const bytes = readFileSync(join(goldens, 'dicom/grey8.dcm'));
    for (const tag of ['\x28\x00\x10\x00US', '\x28\x00\x11\x00US']) {
      bytes.writeUInt16LE(60_000, bytes.indexOf(Buffer.from(tag, 'latin1')) + 8);
    }
    return bytes;
  };

  test.each([
    ['grey PNG', png(0)],
    ['palette PNG', png(3)],
    ['DICOM', dicom()],
  ])('%s', async (_name, bytes) => {
    const path = await write(join(await temporaryFolder(), 'bomb'), bytes);
    for (const limit of [maxPixels, 2 ** 30]) {
      await expect(readStored(path, limit, { indices: true })).rejects.toMatchObject({
        code: 'image/unreadable',
      });
      await expect(readAnySize(path, limit)).rejects.toMatchObject({ code: 'image/unreadable' });
    }
  });

  test.each([
    ['more than the limit', maxBytes],
    ['less than the limit, and never in this file', 2 ** 45],
  ])('a packed NIfTI file of %s', async (_name, limit) => {
    const header = Buffer.from(readFileSync(join(goldens, 'volumes/plain.nii')).subarray(0, 352));
    for (const axis of [1, 2, 3]) header.writeInt16LE(20_000, 40 + 2 * axis);
    const root = await temporaryFolder();
    const path = await write(join(root, 'bomb.nii.gz'), gzipSync(header));
    await expect(readVolume(path, { root, maxBytes: limit })).rejects.toMatchObject({
      code: 'volume/unreadable',
    });
  });

  test('what follows the voxels of a packed file is not unpacked', async () => {
    const plain = readFileSync(join(goldens, 'volumes/plain.nii'));
    const root = await temporaryFolder();
    const bomb = gzipSync(Buffer.concat([plain, Buffer.alloc(2 ** 27)]), { level: 1 });
    const path = await write(join(root, 'bomb.nii.gz'), bomb);
    const before = process.resourceUsage().maxRSS;
    const { data } = await readVolume(path, { root, maxBytes });
    expect(data.length).toBe(60);
    // Kilobytes; unpacked it would be 131072 of them.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(40_000);
  });

  test.each(['local.mha', 'packed.mha'])('a MetaImage like %s', async (name) => {
    const root = await temporaryFolder();
    const bytes = readFileSync(join(goldens, 'volumes', name)).toString('latin1');
    const path = join(root, name);
    await write(path, Buffer.from(bytes.replace(/DimSize = .*/, 'DimSize = 60000 60000 60000'), 'latin1'));
    for (const limit of [maxBytes, 2 ** 52]) {
      await expect(readVolume(path, { root, maxBytes: limit })).rejects.toMatchObject({
        code: 'volume/unreadable',
      });
    }
  });
});

describe('texts from elsewhere', () => {
  const image = { id: 1, file_name: 'a.png', width: 8, height: 8 };
  const painting = {
    size: { width: 8, height: 8 },
    classOf: new Map([[1, 0]]),
    classes: 1,
    crowds: true,
    path: 'a.json',
  };

  test('any JSON as COCO is read or refused', async () => {
    const path = join(await temporaryFolder(), 'a.json');
    const entry = fc.oneof(
      fc.jsonValue(),
      fc.record({
        id: fc.jsonValue(),
        file_name: fc.jsonValue(),
        width: fc.jsonValue(),
        height: fc.jsonValue(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry),
        fc.array(fc.jsonValue()),
        fc.jsonValue(),
        async (images, annotations, other) => {
          const categories = [{ id: 1, name: 'a' }];
          for (const document of [other, { images: [...images, image], annotations, categories }]) {
            await write(path, JSON.stringify(document));
            await outcome(readCoco(path));
          }
        },
      ),
      runs,
    );
  });

  test('any segmentation is painted or refused', () => {
    const coordinate = fc.oneof(fc.double(), fc.integer({ min: -20, max: 20 }), fc.constantFrom(1e300, -1e9));
    const segmentation = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.array(coordinate)),
      fc.array(fc.array(fc.integer({ min: -8, max: 16 }), { minLength: 6 }), { minLength: 1 }),
      fc.record({
        size: fc.constantFrom([8, 8], [8, -8], [1e9, 1e9]),
        counts: fc.oneof(fc.string(), fc.array(fc.integer())),
      }),
    );
    let painted = 0;
    fc.assert(
      fc.property(segmentation, (value) => {
        const annotation = { image_id: 1, category_id: 1, segmentation: value };
        try {
          paintCoco([{ index: 0, value: annotation }], painting);
          painted++;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(PhalanxError);
        }
      }),
      { seed: 6, numRuns: 150 },
    );
    expect(painted).toBeGreaterThan(50);
  });

  test('JSON of a hundred thousand lists within each other is refused', async () => {
    const depth = 100_000;
    const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const path = join(await temporaryFolder(), 'a.json');
    await write(path, deep);
    await expect(readCoco(path)).rejects.toMatchObject({ code: 'annotation/malformed' });
    // Where anything may stand, it is refused when it is looked at.
    const document = { images: [image], annotations: [{ image_id: 1 }], categories: [{ id: 1, name: 'a' }] };
    await write(
      path,
      JSON.stringify(document).replace('"image_id":1', `"image_id":1,"segmentation":${deep}`),
    );
    const { annotations } = await readCoco(path);
    const value = annotations.get(1)?.[0]?.value;
    expect(() => parseAnnotation(value, 'a.json')).toThrow(PhalanxError);
  });

  test('any text as a table is read or refused', async () => {
    const path = join(await temporaryFolder(), 'a.csv');
    const cell = fc.oneof(fc.string(), fc.constantFrom('"', '","', '\n', '\r\n', 'a.png', '1 2', '-1', ','));
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(cell), fc.boolean(), async (cells, headed) => {
        await write(path, `${headed ? 'id,rle\n' : ''}${cells.join('')}`);
        const rows = await outcome(readTable(path, { image: 'id', rle: 'rle' }));
        if (!(rows instanceof PhalanxError)) read++;
      }),
      { seed: 6, numRuns: 60 },
    );
    expect(read).toBeGreaterThan(5);
  });

  test('a table with one endless row is refused', async () => {
    const path = await write(
      join(await temporaryFolder(), 'a.csv'),
      `id,rle\na,"${'1 '.repeat(2.5 * 2 ** 20)}`,
    );
    await expect(readTable(path, { image: 'id', rle: 'rle' })).rejects.toMatchObject({
      code: 'annotation/malformed',
    });
  });
});
