import { describe, expect, it } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import { compose } from '../../src/augment/compose.ts';
import { buildMixer } from '../../src/augment/mixing/build.ts';
import { mixingSchema } from '../../src/augment/mixing/spec.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';

const [width, height] = [45, 37];

/** Noise, all of it in class 1; the class after it and the unknown pixels are the same random half. */
function sample(withUnknown: boolean, seed = 'sample'): Sample {
  const random = Random.from('unknown', seed);
  const half = Uint32Array.from({ length: width * height }, () => random.integer(0, 2));
  const data = Uint8Array.from({ length: width * height }, () => random.integer(1, 256));
  const labels = { width, height, classes: 3, planes: [half.map((bit) => 2 | (bit << 2))] };
  return {
    image: { width, height, channels: 1, data },
    labels: withUnknown ? { ...labels, unknown: half } : labels,
  };
}

/** Every geometric transform, what changes brightness, and what moves whole pixels on its own. */
const all: readonly TransformSpec[] = [
  { name: 'HorizontalFlip', p: 1 },
  { name: 'Transpose', p: 1 },
  { name: 'RandomRotate90', p: 1 },
  { name: 'Rotate', limit: [33, 33], p: 1 },
  { name: 'Affine', scale: 0.8, shear: 9, p: 1 },
  { name: 'Perspective', p: 1 },
  { name: 'ElasticTransform', alpha: 30, sigma: 5, p: 1 },
  { name: 'GridDistortion', p: 1 },
  { name: 'OpticalDistortion', distortLimit: 0.6, p: 1 },
  { name: 'RandomCrop', height: 20, width: 30, p: 1 },
  { name: 'CropNonEmptyMaskIfExists', height: 20, width: 30, p: 1 },
  { name: 'PadIfNeeded', minHeight: 60, minWidth: 60, p: 1 },
  { name: 'Resize', height: 20, width: 31, p: 1 },
  { name: 'RandomResizedCrop', size: [20, 20], p: 1 },
  { name: 'CLAHE', p: 1 },
  { name: 'CoarseDropout', fillMask: 0, p: 1 },
  { name: 'Jimp', method: 'flip', args: [{ horizontal: true, vertical: false }] },
  compose([
    { name: 'Rotate', limit: [20, 20], p: 1 },
    { name: 'PadIfNeeded', minHeight: 50, minWidth: 60, p: 1 },
    { name: 'HorizontalFlip', p: 1 },
  ]),
];

describe('unknown pixels move as all labels do', () => {
  it.each(all.map((spec) => [JSON.stringify(spec), spec] as const))('%s', async (_, spec) => {
    const transform = buildTransform(spec);
    const { image, labels } = await transform(sample(true), Random.from(1));
    expect(labels.unknown).toEqual(labels.planes[0]!.map((bits) => (bits >> 2) & 1));
    expect([labels.width, labels.height]).toEqual([image.width, image.height]);
    // And nothing else is moved in another way for it.
    const without = await transform(sample(false), Random.from(1));
    expect(labels.planes).toEqual(without.labels.planes);
    expect(without.labels.unknown).toBeUndefined();
  });

  it.each(['CutMix', 'Mosaic', 'RICAP', 'CopyPaste'] as const)('in %s too', async (name) => {
    const mixer = buildMixer(mixingSchema.parse([{ name, p: 1 }]));
    const partner = () => Promise.resolve(sample(true, 'partner'));
    const { labels } = await mixer.mix(sample(true), Random.from(2), partner);
    expect(labels.unknown).toEqual(labels.planes[0]!.map((bits) => (bits >> 2) & 1));
    expect(labels.unknown).not.toEqual(sample(true).labels.unknown);
  });
});

const fillMask = 'unknown' as const;

/** What brings pixels in from outside. */
const borders: readonly TransformSpec[] = [
  { name: 'Rotate', limit: [33, 33], fillMask, p: 1 },
  { name: 'Rotate', limit: [33, 33], cropBorder: true, fillMask, p: 1 },
  { name: 'SafeRotate', limit: [25, 25], fillMask, p: 1 },
  { name: 'ShiftScaleRotate', scaleLimit: [-0.3, -0.3], fillMask, p: 1 },
  { name: 'Affine', scale: 0.7, fillMask, p: 1 },
  { name: 'Perspective', fitOutput: true, fillMask, p: 1 },
  { name: 'ElasticTransform', alpha: 60, sigma: 4, fillMask, p: 1 },
  { name: 'OpticalDistortion', distortLimit: [0.9, 0.9], fillMask, p: 1 },
  { name: 'PadIfNeeded', minHeight: 60, minWidth: 60, fillMask, p: 1 },
  { name: 'CenterCrop', height: 60, width: 30, padIfNeeded: true, fillMask, p: 1 },
  { name: 'RandomCrop', height: 60, width: 60, padIfNeeded: true, fillMask, p: 1 },
  compose([
    { name: 'PadIfNeeded', minHeight: 50, minWidth: 60, fillMask, p: 1 },
    { name: 'Rotate', limit: [20, 20], fillMask, p: 1 },
    { name: 'Resize', height: 33, width: 44, p: 1 },
  ]),
  { name: 'CoarseDropout', fillMask, holeHeightRange: [0.3, 0.3], holeWidthRange: [0.3, 0.3], p: 1 },
  { name: 'GridDropout', fillMask, p: 1 },
];

describe('fillMask: unknown', () => {
  it.each(borders.map((spec) => [JSON.stringify(spec), spec] as const))('%s', async (_, spec) => {
    const { labels } = await buildTransform(spec)(sample(false), Random.from(1));
    // Class 1 is everywhere but where there was nothing.
    const expected = labels.planes[0]!.map((bits) => (bits === 0 ? 1 : 0));
    expect(labels.unknown).toEqual(expected);
    // What cropBorder cuts away is all that came in.
    const isCut = JSON.stringify(spec).includes('cropBorder');
    if (!isCut) expect(expected).toContain(1);
    expect(expected).toContain(0);
  });

  it('gives all samples the plane, also where the transform is not applied', async () => {
    const transform = buildTransform({ name: 'Rotate', fillMask, p: 0 });
    const { labels } = await transform(sample(false), Random.from(1));
    expect(labels.unknown).toEqual(new Uint32Array(width * height));
    expect((await transform(sample(true), Random.from(1))).labels.unknown).toEqual(
      sample(true).labels.unknown,
    );
  });

  it('is not done in one pass with a border that leaves labels empty', async () => {
    const spec = compose([
      { name: 'PadIfNeeded', minHeight: 60, minWidth: 60, p: 1 },
      { name: 'Rotate', limit: [20, 20], fillMask, p: 1 },
    ]);
    const { labels } = await buildTransform(spec)(sample(false), Random.from(1));
    // The corner was turned in; the padding beside the picture was not.
    expect(labels.unknown![0]).toBe(1);
    const empty = labels.planes[0]!.filter((bits, i) => bits === 0 && labels.unknown![i] === 0);
    expect(empty.length).toBeGreaterThan(100);
  });
});
