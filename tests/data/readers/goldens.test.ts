import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFormat } from '../../../src/data/formats/open.ts';
import { cocoSchema } from '../../../src/data/formats/coco/options.ts';
import { fillCocoPolygon } from '../../../src/data/formats/coco/polygon.ts';
import { readAnyImage, readAnySize, readStored } from '../../../src/data/images/anyImage.ts';
import { percentileLimits, rangeLimits } from '../../../src/data/intensity/limits.ts';
import { toBytes } from '../../../src/data/intensity/toBytes.ts';
import { readVolume, readVolumeHeader } from '../../../src/data/volumes/anyVolume.ts';
import { toMillimetres, toVoxel } from '../../../src/data/volumes/volume.ts';
import type { Triple } from '../../../src/data/volumes/volume.ts';
import { voxelTypes } from '../../../src/data/volumes/voxelTypes.ts';
import type { VoxelType } from '../../../src/data/volumes/voxelTypes.ts';
import { encodeCocoRle } from '../../../src/labels/cocoRle.ts';
import { labelRuns } from '../../../src/labels/runs.ts';

const goldens = resolve('tests/goldens/readers');
const maxPixels = 1000;

interface Picture {
  width: number;
  height: number;
  channels: number;
  values: number[];
  /** Of a palette, red, green and blue in turn. */
  colours?: number[];
  inverted?: boolean;
  /** What the file's window makes of the values. */
  bytes?: number[];
}
interface Volume {
  size: number[];
  values: number[];
  spacing: number[];
  /** Voxel and millimetres. */
  points: [Triple, number[]][];
}
interface Expected {
  images: Record<string, Picture>;
  intensity: {
    type: VoxelType;
    /** Without them, 70,000 numbers by a formula. */
    stored: number[] | null;
    slope: number;
    intercept: number;
    /** Percent. */
    low: number;
    high: number;
    limits: [number, number];
    /** The first of them. */
    bytes: number[];
  }[];
  volumes: Record<string, Volume>;
  dicom: Record<string, Picture>;
  coco: { width: number; height: number; masks: Record<string, Record<string, string>>; singles: string[] };
}
const expected = JSON.parse(readFileSync(`${goldens}/expected.json`, 'utf8')) as Expected;

describe.each(Object.entries(expected.images))('%s', (name, picture) => {
  const path = `${goldens}/images/${name}`;

  test('has the numbers that Pillow and tifffile read', async () => {
    const { width, height, channels, values } = picture;
    const stored = await readStored(path, 2500, { indices: true });
    expect(stored).toMatchObject({ width, height, channels, slope: 1, intercept: 0 });
    expect([...stored.data]).toEqual(values);
    expect(await readAnySize(path, 2500)).toEqual({ width, height });
  });

  test('is an image of bytes', async () => {
    const { channels, data } = await readAnyImage(path, { maxPixels: 2500 });
    if (picture.colours !== undefined) {
      expect(channels).toBe(3);
      expect([...data]).toEqual(picture.colours);
    } else if (name === 'bit.png') {
      expect([...data]).toEqual(picture.values.map((value) => 255 * value));
    } else if (name.includes('16')) {
      expect([Math.min(...data), Math.max(...data)]).toEqual([0, 255]);
    } else {
      expect([...data]).toEqual(picture.values);
    }
  });
});

test.each(expected.intensity)(
  '$type × $slope + $intercept from percentile $low to $high becomes the bytes of NumPy',
  ({ type, stored, slope, intercept, low, high, limits, bytes }) => {
    const numbers = stored ?? Array.from({ length: 70_000 }, (_, i) => ((i * 7919) % 5003) - 2500);
    const data = voxelTypes[type].from(numbers);
    const rescale = { slope, intercept };
    const found = percentileLimits(data, rescale, { low, high });
    expect(found.low).toBeCloseTo(limits[0], 9);
    expect(found.high).toBeCloseTo(limits[1], 9);
    expect([...toBytes(data, rescale, found).subarray(0, bytes.length)]).toEqual(bytes);
    if (low === 0 && high === 100) expect(rangeLimits(data, rescale)).toEqual(found);
  },
);

test('an image of 32-bit numbers is refused', async () => {
  const reading = readStored(`${goldens}/images/float32.tif`, maxPixels);
  await expect(reading).rejects.toMatchObject({ code: 'image/depth' });
});

describe.each(Object.entries(expected.volumes))('%s', (name, golden) => {
  const path = `${goldens}/volumes/${name}`;
  const limits = { root: goldens, maxBytes: 10_000 };

  test('has the numbers that nibabel and SimpleITK read', async () => {
    const { size, data, slope, intercept } = await readVolume(path, limits);
    expect(size).toEqual(golden.size);
    expect(Array.from(data, (value) => value * slope + intercept)).toEqual(golden.values);
  });

  test('has its voxels where they say, in millimetres and back', async () => {
    const header = await readVolumeHeader(path, limits);
    for (const [axis, millimetres] of golden.spacing.entries()) {
      expect(header.spacing[axis]).toBeCloseTo(millimetres, 6);
    }
    for (const [voxel, millimetres] of golden.points) {
      const place = toMillimetres(header, voxel);
      for (const [axis, value] of millimetres.entries()) expect(place[axis]).toBeCloseTo(value, 4);
      for (const [axis, value] of toVoxel(header, place).entries())
        expect(value).toBeCloseTo(voxel[axis]!, 9);
    }
  });
});

describe.each(Object.entries(expected.dicom))('%s', (name, picture) => {
  const path = `${goldens}/dicom/${name}`;

  test('has the numbers that pydicom reads', async () => {
    const { width, height, channels, values, inverted } = picture;
    const stored = await readStored(path, maxPixels);
    expect(stored).toMatchObject({ width, height, channels, inverted });
    const found = Array.from(stored.data, (value) => value * stored.slope + stored.intercept);
    if (name === 'jpeg.dcm') {
      // Decoders of JPEG may differ by one.
      for (const [index, value] of values.entries())
        expect(Math.abs(found[index]! - value)).toBeLessThanOrEqual(1);
    } else expect(found).toEqual(values);
    expect(await readAnySize(path, maxPixels)).toEqual({ width, height });
  });
});

const windowed = Object.entries(expected.dicom).filter(([, { bytes }]) => bytes !== undefined);

test.each(windowed)('%s has the bytes that its window gives', async (name, { bytes }) => {
  expect([...(await readAnyImage(`${goldens}/dicom/${name}`, { maxPixels })).data]).toEqual(bytes);
});

test.each([
  ['lossless12.dcm', 'JPEG of 12 bits'],
  ['jpeg2000.dcm', 'pixels of transfer syntax 1.2.840.10008.1.2.4.90'],
])('%s is refused by a sentence that says why', async (name, received) => {
  const reading = readStored(`${goldens}/dicom/${name}`, maxPixels);
  await expect(reading).rejects.toMatchObject({ code: 'image/unreadable', parts: { received } });
});

describe('COCO', () => {
  const { width, height, masks, singles } = expected.coco;
  const root = `${goldens}/coco`;

  test('labels are the masks of pycocotools, class by class', async () => {
    const dataset = await openFormat(root, cocoSchema.parse({ name: 'coco' }));
    expect(dataset.classes).toEqual(['stomach', 'liver', 'bowel']);
    expect(dataset.entries.train.map(({ id }) => id)).toEqual(Object.keys(masks));
    for (const entry of dataset.entries.train) {
      const runs = await labelRuns(await dataset.readLabels(entry), 'column-major');
      for (const [index, name] of dataset.classes.entries()) {
        expect(encodeCocoRle(runs[index]!).counts).toBe(masks[entry.id]![name]);
      }
    }
  });

  test('every polygon has the very pixels of pycocotools', () => {
    const { annotations } = JSON.parse(readFileSync(`${root}/train/annotations.json`, 'utf8')) as {
      annotations: { segmentation: number[][] | object }[];
    };
    let compared = 0;
    for (const [index, { segmentation }] of annotations.entries()) {
      if (!Array.isArray(segmentation) || segmentation.length > 1) continue;
      expect(encodeCocoRle(fillCocoPolygon(segmentation[0] as number[], { width, height })).counts).toBe(
        singles[index],
      );
      compared++;
    }
    expect(compared).toBe(24);
  });
});
