import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import { channelDefects } from '../../src/augment/channels.ts';
import { buildMixer } from '../../src/augment/mixing/build.ts';
import { mixingSchema } from '../../src/augment/mixing/spec.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { parseTransform, transformNames } from '../../src/augment/spec.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';
import { maxChannels } from '../../src/pixels/image.ts';
import type { Image } from '../../src/pixels/image.ts';
import { resizeImage } from '../../src/pixels/resize.ts';
import { experimentSchema } from '../../src/experiment/schema.ts';
import { minimal } from '../experiment/declarations.ts';

interface Golden {
  readonly spec: TransformSpec;
  readonly channels: number;
  readonly tolerance: number;
  readonly width: number;
  readonly height: number;
  readonly offset: number;
}
interface Goldens {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly cases: readonly Golden[];
  readonly taken: readonly { readonly spec: TransformSpec; readonly accepted: boolean }[];
}

const folder = new URL('../goldens/augment/', import.meta.url);
const goldens = JSON.parse(readFileSync(new URL('channels.json', folder), 'utf8')) as Goldens;
const bytes = gunzipSync(readFileSync(new URL('channels.bin.gz', folder)));

function sampleOf(width: number, height: number, channels: number, data: Uint8Array): Sample {
  const planes = [Uint32Array.from({ length: width * height }, (_, i) => (i % 7) * 0x1000001)];
  return { image: { width, height, channels, data }, labels: { width, height, classes: 29, planes } };
}

/** One channel, or the first ones, of an image. */
function taken(image: Image, from: number, count = 1): Image {
  const { channels, data } = image;
  const kept = Uint8Array.from({ length: (data.length / channels) * count }, (_, i) => {
    return data[Math.floor(i / count) * channels + from + (i % count)]!;
  });
  return { ...image, channels: count, data: kept };
}

function noise(seed: string, width: number, height: number, channels: number): Sample {
  const random = Random.from(seed);
  const data = Uint8Array.from({ length: width * height * channels }, () => random.integer(0, 256));
  return sampleOf(width, height, channels, data);
}

/** Transforms that do to each channel what they would do to it alone, with options that show every value. */
const separate: readonly TransformSpec[] = [
  { name: 'Affine', scale: [0.8, 1.2], rotate: [-40, 40], shear: [-5, 5], fill: 77, p: 1 },
  { name: 'CenterCrop', height: 33, width: 60, padIfNeeded: true, p: 1 },
  { name: 'CoarseDropout', fill: 9, p: 1 },
  { name: 'CropNonEmptyMaskIfExists', height: 20, width: 20, p: 1 },
  { name: 'D4', p: 1 },
  { name: 'ElasticTransform', alpha: 30, sigma: 4, p: 1 },
  { name: 'Emboss', p: 1 },
  { name: 'GaussianBlur', p: 1 },
  { name: 'GridDistortion', p: 1 },
  { name: 'GridDropout', p: 1 },
  { name: 'HorizontalFlip', p: 1 },
  { name: 'MedianBlur', blurLimit: [9, 9], p: 1 },
  { name: 'MedianBlur', blurLimit: [3, 7], p: 1 },
  { name: 'OpticalDistortion', p: 1 },
  { name: 'PadIfNeeded', minHeight: 50, minWidth: 70, borderMode: 'reflect', p: 1 },
  { name: 'Perspective', p: 1 },
  { name: 'RandomBrightnessContrast', p: 1 },
  { name: 'RandomCrop', height: 20, width: 30, p: 1 },
  { name: 'RandomGamma', p: 1 },
  { name: 'RandomResizedCrop', size: [24, 40], p: 1 },
  { name: 'RandomRotate90', p: 1 },
  { name: 'Resize', height: 17, width: 90, p: 1 },
  { name: 'Resize', height: 50, width: 21, interpolation: 'nearest', p: 1 },
  { name: 'Rotate', interpolation: 'nearest', borderMode: 'wrap', p: 1 },
  { name: 'SafeRotate', p: 1 },
  { name: 'Sharpen', p: 1 },
  { name: 'ShiftScaleRotate', p: 1 },
  { name: 'Transpose', p: 1 },
  { name: 'UnsharpMask', p: 1 },
  { name: 'VerticalFlip', p: 1 },
];

describe('images of any number of channels', () => {
  it('agree with albumentations, pixel by pixel', async () => {
    const { width, height } = goldens;
    const whole = { width, height, channels: goldens.channels, data: bytes.subarray(0, width * height * 7) };
    for (const { spec, channels, tolerance, offset, ...size } of goldens.cases) {
      const image = taken(whole, 0, channels);
      const sample = sampleOf(width, height, channels, image.data);
      const made = await buildTransform(spec)(sample, Random.from('channels'));
      const what = `${channels} channels, ${JSON.stringify(spec)}`;
      expect(made.image, what).toMatchObject({ ...size, channels });
      const expected = bytes.subarray(offset, offset + size.width * size.height * channels);
      const off = made.image.data.map((value, i) => Math.abs(value - expected[i]!));
      expect(
        off.reduce((most, value) => Math.max(most, value), 0),
        what,
      ).toBeLessThanOrEqual(tolerance);
      expect(off.filter((value) => value > 0).length, what).toBeLessThanOrEqual(off.length / 200);
    }
  });

  it.each([2, 4, 7, maxChannels])('of %i, each channel becomes what it becomes alone', async (channels) => {
    const sample = noise('separate', 45, 34, channels);
    for (const spec of separate) {
      const transform = buildTransform(spec);
      const random = (): Random => Random.from('separate', spec.name, channels);
      const together = await transform(sample, random());
      expect(together.image.channels).toBe(channels);
      for (const c of [0, channels >> 1, channels - 1]) {
        const alone = await transform({ ...sample, image: taken(sample.image, c) }, random());
        const what = `${JSON.stringify(spec)}, channel ${c}`;
        expect(taken(together.image, c).data, what).toEqual(alone.image.data);
        expect(together.labels, what).toEqual(alone.labels);
      }
    }
  });

  it('are resized by area channel by channel', async () => {
    const { image } = noise('area', 48, 36, 7);
    for (const size of [
      { width: 24, height: 18 },
      { width: 16, height: 9 },
      { width: 23, height: 17 },
      { width: 60, height: 50 },
    ]) {
      const together = await resizeImage(image, size, 'area');
      for (const c of [0, 3, 6]) {
        expect(taken(together, c)).toEqual(await resizeImage(taken(image, c), size, 'area'));
      }
    }
  });

  it('take noise of their own for each channel, or the same', async () => {
    const sample = sampleOf(20, 20, 5, new Uint8Array(2000).fill(128));
    for (const perChannel of [true, false]) {
      const transform = buildTransform({ name: 'GaussNoise', perChannel, p: 1 });
      const { image } = await transform(sample, Random.from('noise'));
      const channels = [0, 1, 2, 3, 4].map((c) => String(taken(image, c).data));
      expect(new Set(channels).size).toBe(perChannel ? 5 : 1);
    }
  });

  it('are mixed channel by channel', async () => {
    const [first, second] = ['first', 'second'].map((seed) => noise(seed, 32, 32, 6));
    for (const name of ['MixUp', 'CutMix', 'Mosaic', 'RICAP', 'CopyPaste'] as const) {
      const mixer = buildMixer(mixingSchema.parse([{ name, p: 1 }]));
      const mix = (at: (image: Image) => Image) => {
        const of = (sample: Sample): Sample => ({ ...sample, image: at(sample.image) });
        return mixer.mix(of(first!), Random.from('mix', name), () => Promise.resolve(of(second!)));
      };
      const together = await mix((image) => image);
      expect(together.image.data, name).not.toEqual(first!.image.data);
      for (const c of [0, 5]) {
        const alone = await mix((image) => taken(image, c));
        expect(taken(together.image, c).data, name).toEqual(alone.image.data);
      }
    }
  });
});

describe('transforms of grey and colour images only', () => {
  const only: readonly TransformSpec[] = [
    { name: 'CLAHE' },
    { name: 'ToGray' },
    { name: 'HistogramMatching', referenceImages: ['a.png'] },
    { name: 'Jimp', method: 'invert' },
  ];

  it('are those that albumentations refuses, and those of colours or files', () => {
    for (const { spec, accepted } of goldens.taken) {
      expect(channelDefects(parseTransform(spec), 7).length === 0, JSON.stringify(spec)).toBe(accepted);
    }
    const refusing = only.map(({ name }) => name);
    const grey = separate.map(({ name }) => name);
    const known = new Set<string>([...refusing, ...grey, 'GaussNoise']);
    const leaves = transformNames.filter(
      (name) => !['Compose', 'OneOf', 'Sequential', 'SomeOf'].includes(name),
    );
    expect(leaves.filter((name) => !known.has(name))).toEqual([]);
    for (const spec of only) {
      expect(channelDefects(parseTransform(spec), 1)).toEqual([]);
      expect(channelDefects(parseTransform(spec), 3)).toEqual([]);
      expect(channelDefects(parseTransform(spec), 4)).toHaveLength(1);
    }
  });

  it('stop a sample with one error', async () => {
    for (const spec of only) {
      await expect(
        buildTransform({ ...spec, p: 1 })(noise('no', 8, 8, 7), Random.from(1)),
      ).rejects.toMatchObject({
        code: 'augment/channels',
        message: expect.stringContaining(spec.name) as string,
      });
    }
  });

  const stacked = {
    root: 'data',
    imageSize: 64,
    channels: 7,
    format: { name: 'volumes', classes: [{ name: 'a', value: 1 }], neighbours: 3 },
  };
  const issues = (changes: object): string[] => {
    const result = experimentSchema.safeParse({ ...minimal, data: stacked, ...changes });
    return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  it('are refused before anything is trained, by their place', () => {
    expect(issues({ augmentation: [{ name: 'Rotate' }, { name: 'GaussNoise' }] })).toEqual([]);
    const nested = [
      { name: 'Rotate' },
      { name: 'OneOf', transforms: [{ name: 'Emboss' }, { name: 'CLAHE' }] },
    ];
    expect(issues({ augmentation: nested })).toEqual([
      'augmentation.1.transforms.1: CLAHE takes images of 1 or 3 channels, and data.channels is 7',
    ]);
    expect(issues({ augmentation: [{ name: 'Rotate', fill: [1, 2, 3] }] })).toEqual([
      "augmentation.0: Rotate's fill takes one number, or one for each of 7 channels, and data.channels is 7",
    ]);
    expect(issues({ offline: { directory: 'o', mosaic: { count: 3 } } })).toEqual([
      'offline: images made offline are files of 1 or 3 channels, and data.channels is 7',
    ]);
    expect(issues({ data: { ...stacked, offline: ['o'] } })).toEqual([
      'data.offline: images made offline have 1 or 3 channels, and data.channels is 7',
    ]);
  });
});
