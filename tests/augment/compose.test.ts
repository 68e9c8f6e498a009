import { describe, expect, expectTypeOf, it } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import { compose, oneOf, sequential, someOf } from '../../src/augment/compose.ts';
import { registry } from '../../src/augment/registry.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { parseTransform, transformNames, transformSchema } from '../../src/augment/spec.ts';
import { affine } from '../../src/augment/transforms/affine.ts';
import { centerCrop } from '../../src/augment/transforms/centerCrop.ts';
import { clahe } from '../../src/augment/transforms/clahe.ts';
import { coarseDropout } from '../../src/augment/transforms/coarseDropout.ts';
import { gaussNoise } from '../../src/augment/transforms/gaussNoise.ts';
import { horizontalFlip } from '../../src/augment/transforms/horizontalFlip.ts';
import { randomBrightnessContrast } from '../../src/augment/transforms/randomBrightnessContrast.ts';
import { randomCrop } from '../../src/augment/transforms/randomCrop.ts';
import { randomResizedCrop } from '../../src/augment/transforms/randomResizedCrop.ts';
import { resize } from '../../src/augment/transforms/resize.ts';
import { rotate } from '../../src/augment/transforms/rotate.ts';
import { shiftScaleRotate } from '../../src/augment/transforms/shiftScaleRotate.ts';
import { verticalFlip } from '../../src/augment/transforms/verticalFlip.ts';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';

/** A sample in which every pixel is unlike the others, image and labels alike. */
function numberedSample(width: number, height: number): Sample {
  const count = width * height;
  return {
    image: { width, height, channels: 1, data: Uint8Array.from({ length: count }, (_, i) => i % 256) },
    labels: {
      width,
      height,
      classes: 40,
      planes: [
        Uint32Array.from({ length: count }, (_, i) => i),
        Uint32Array.from({ length: count }, (_, i) => i % 256),
      ],
    },
  };
}

/** A transform that leaves the brightness of every pixel at exactly this value: shows which one was applied. */
function paint(value: number, p = 1): TransformSpec {
  return randomBrightnessContrast({
    brightnessLimit: [value / 255, value / 255],
    contrastLimit: [-1, -1],
    p,
  });
}

async function frequencies(spec: TransformSpec, draws: number): Promise<Map<string, number>> {
  const transform = buildTransform(spec);
  const random = Random.from('frequencies');
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const sample = await transform(numberedSample(2, 1), random);
    const key = sample.image.data.join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

describe('composition', () => {
  it('applies a transform with probability p', async () => {
    const counts = await frequencies(horizontalFlip({ p: 0.3 }), 2000);
    expect(counts.get('1,0')! / 2000).toBeCloseTo(0.3, 1);
    expect(await frequencies(horizontalFlip({ p: 0 }), 50)).toEqual(new Map([['0,1', 50]]));
    expect(await frequencies(horizontalFlip({ p: 1 }), 50)).toEqual(new Map([['1,0', 50]]));
  });

  it('oneOf chooses in proportion to p and then always applies', async () => {
    const counts = await frequencies(oneOf([paint(10, 0.1), paint(20, 0.3)], { p: 0.8 }), 4000);
    expect([...counts.keys()].sort()).toEqual(['0,1', '10,10', '20,20']);
    expect(counts.get('0,1')! / 4000).toBeCloseTo(0.2, 1);
    expect(counts.get('10,10')! / 4000).toBeCloseTo(0.2, 1);
    expect(counts.get('20,20')! / 4000).toBeCloseTo(0.6, 1);
  });

  it('oneOf never chooses a transform with p = 0', async () => {
    const counts = await frequencies(oneOf([paint(10, 0), paint(20, 1), paint(30, 0)], { p: 1 }), 200);
    expect(counts).toEqual(new Map([['20,20', 200]]));
  });

  it('someOf keeps the order of the transforms and their own p', async () => {
    // The last one applied wins: with n = 2 of three in order, 10 is never the result.
    const counts = await frequencies(someOf([paint(10), paint(20), paint(30)], { n: 2 }), 1500);
    expect([...counts.keys()].sort()).toEqual(['20,20', '30,30']);
    expect(counts.get('20,20')! / 1500).toBeCloseTo(1 / 3, 1);
    const none = await frequencies(someOf([paint(10, 0), paint(20, 0)], { n: 5 }), 20);
    expect(none).toEqual(new Map([['0,1', 20]]));
  });

  it('sequential is all or nothing, compose goes through', async () => {
    const flips = [horizontalFlip({ p: 1 }), paint(7)];
    const counts = await frequencies(sequential(flips, { p: 0.5 }), 1000);
    expect([...counts.keys()].sort()).toEqual(['0,1', '7,7']);
    expect(counts.get('7,7')! / 1000).toBeCloseTo(0.5, 1);
    expect(await frequencies(compose([compose(flips)]), 10)).toEqual(new Map([['7,7', 10]]));
  });

  it('is plain data that survives JSON', async () => {
    const spec = compose([
      oneOf([clahe(), rotate({ limit: 20 })]),
      someOf([verticalFlip(), horizontalFlip()]),
    ]);
    const copy = JSON.parse(JSON.stringify(spec)) as TransformSpec;
    const [a, b] = await Promise.all(
      [spec, copy].map((each) => buildTransform(each)(numberedSample(32, 24), Random.from(3))),
    );
    expect(a).toEqual(b);
  });

  it('gives the same pixels for the same seed, whatever runs beside it', async () => {
    const transform = buildTransform(
      compose([
        horizontalFlip(),
        shiftScaleRotate({ p: 0.9 }),
        oneOf([clahe({ p: 1 }), gaussNoise({ p: 1 })], { p: 0.9 }),
        randomResizedCrop({ size: [24, 24] }),
        coarseDropout({ p: 0.7 }),
      ]),
    );
    const once = (seed: number) => transform(numberedSample(40, 30), Random.from('augment', seed));
    const alone: Sample[] = [];
    for (let seed = 0; seed < 12; seed++) alone.push(await once(seed));
    const together = await Promise.all(alone.map((_, seed) => once(seed)));
    expect(together).toEqual(alone);
    expect(new Set(alone.map(({ image }) => image.data.join())).size).toBeGreaterThan(8);
  });
});

describe('image and labels together', () => {
  it('move the same way in every geometric transform', async () => {
    // Plane 1 repeats the image, so wherever a pixel goes, its label must go too.
    const transforms = [
      horizontalFlip({ p: 1 }),
      verticalFlip({ p: 1 }),
      randomCrop({ width: 11, height: 9 }),
      centerCrop({ width: 50, height: 40, padIfNeeded: true }),
      rotate({ limit: 30, interpolation: 'nearest', p: 1 }),
      affine({ scale: [0.7, 1.3], shear: 10, interpolation: 'nearest', p: 1 }),
      shiftScaleRotate({ interpolation: 'nearest', borderMode: 'reflect101', p: 1 }),
      resize({ width: 60, height: 20, interpolation: 'nearest' }),
      randomResizedCrop({ size: [16, 20], interpolation: 'nearest' }),
    ];
    for (const spec of transforms) {
      for (let seed = 0; seed < 5; seed++) {
        const { image, labels } = await buildTransform(spec)(numberedSample(32, 24), Random.from(seed));
        expect([labels.width, labels.height, labels.classes]).toEqual([image.width, image.height, 40]);
        expect(Uint32Array.from(image.data), spec.name).toEqual(labels.planes[1]);
      }
    }
  });

  it('leave the given sample as it is, also where its bytes are a Buffer', async () => {
    const needs: Record<string, object> = {
      RandomCrop: { width: 30, height: 20 },
      CenterCrop: { width: 30, height: 20 },
      CropNonEmptyMaskIfExists: { width: 30, height: 20 },
      Resize: { width: 30, height: 20 },
      RandomResizedCrop: { size: [30, 20] },
      Jimp: { method: 'invert' },
      HistogramMatching: { referenceImages: ['tests/goldens/augment/reference.png'] },
      CoarseDropout: { fill: 77, fillMask: 0 },
    };
    for (const name of Object.keys(registry)) {
      const sample = numberedSample(32, 24);
      const { data } = sample.image;
      const given = { ...sample, image: { ...sample.image, data: Buffer.from(data) } };
      const spec = { name, p: 1, ...needs[name] } as TransformSpec;
      const after = await buildTransform(spec)(given, Random.from(name));
      expect(Uint8Array.from(given.image.data), name).toEqual(data);
      expect(given.labels, name).toEqual(numberedSample(32, 24).labels);
      // A grey image is grey already.
      if (name !== 'ToGray') expect(after.image, name).not.toEqual(given.image);
    }
  });

  it('dropout empties labels only when asked', async () => {
    const sample = numberedSample(32, 24);
    const spec = { holeHeightRange: [6, 6], holeWidthRange: [5, 5], numHolesRange: [1, 1], p: 1 } as const;
    const kept = await buildTransform(coarseDropout({ ...spec, fill: 255 }))(sample, Random.from(1));
    expect(kept.labels).toEqual(sample.labels);
    expect(kept.image.data.filter((value, i) => value !== sample.image.data[i]).length).toBeLessThanOrEqual(
      30,
    );
    const emptied = await buildTransform(coarseDropout({ ...spec, fillMask: 0 }))(sample, Random.from(1));
    const gone = emptied.labels.planes[0]!.filter((value, i) => value !== i).length;
    expect(gone).toBeGreaterThanOrEqual(29);
    expect(gone).toBeLessThanOrEqual(30);
  });
});

describe('validation', () => {
  const invalid = (value: unknown): string => {
    try {
      parseTransform(value, 'augmentation.json');
    } catch (error) {
      if (error instanceof PhalanxError && error.code === 'augment/invalid') return error.message;
      throw error;
    }
    throw new Error('was accepted');
  };

  it('names the wrong key and the nearest name', () => {
    expect(invalid({ name: 'HorizontalFlipp' })).toContain('did you mean "HorizontalFlip"?');
    expect(invalid({ name: 'Rotate', limits: 3 })).toContain('limits');
    expect(invalid({ name: 'Rotate', limit: [5, -5] })).toContain('limit');
    expect(invalid({ name: 'Compose', transforms: [{ name: 'Rotate', p: 2 }] })).toContain('transforms.0.p');
    expect(invalid({ name: 'OneOf', transforms: [{ name: 'VerticalFlip', p: 0 }] })).toContain('p above 0');
    expect(invalid({ name: 'Affine', translatePx: 3, translatePercent: 0.1 })).toContain(
      'exclude each other',
    );
    expect(invalid({ name: 'constructor' })).toContain('unknown transform');
    expect(invalid(null)).toContain('expected a transform');
    expect(invalid({ name: 'Rotate', limit: Number.NaN })).toContain('limit');
  });

  it('refuses nesting without end', () => {
    let spec: unknown = { name: 'HorizontalFlip' };
    for (let i = 0; i < 5000; i++) spec = { name: 'Compose', transforms: [spec] };
    expect(invalid(spec)).toContain('nested');
  });

  it('fills in the defaults of albumentations', () => {
    expect(parseTransform({ name: 'ShiftScaleRotate' })).toEqual({
      name: 'ShiftScaleRotate',
      shiftLimit: [-0.0625, 0.0625],
      shiftLimitX: undefined,
      shiftLimitY: undefined,
      scaleLimit: [-0.1, 0.1],
      rotateLimit: [-45, 45],
      interpolation: 'linear',
      borderMode: 'constant',
      fill: 0,
      fillMask: 0,
      p: 0.5,
    });
    expect(parseTransform({ name: 'CLAHE' })).toMatchObject({ clipLimit: [1, 4], tileGridSize: [8, 8] });
    expect(parseTransform({ name: 'RandomBrightnessContrast', brightnessLimit: 0.3 })).toMatchObject({
      brightnessLimit: [-0.3, 0.3],
    });
  });

  it('validates itself: what was resolved can be resolved again', () => {
    for (const name of transformNames) {
      const needs: Record<string, object> = {
        RandomCrop: { width: 3, height: 4 },
        CenterCrop: { width: 3, height: 4 },
        CropNonEmptyMaskIfExists: { width: 3, height: 4 },
        Resize: { width: 3, height: 4 },
        RandomResizedCrop: { size: [3, 4] },
        Jimp: { method: 'invert' },
        HistogramMatching: { referenceImages: ['a.png'] },
      };
      const group = ['Compose', 'OneOf', 'SomeOf', 'Sequential'].includes(name);
      const spec = { name, ...needs[name], ...(group && { transforms: [{ name: 'CLAHE' }] }) };
      const resolved = parseTransform(spec);
      expect(transformSchema.parse(JSON.parse(JSON.stringify(resolved)))).toEqual(
        JSON.parse(JSON.stringify(resolved)),
      );
    }
  });

  it('says what is wrong with a crop larger than the image', async () => {
    const crop = buildTransform(randomCrop({ width: 100, height: 10 }));
    await expect(crop(numberedSample(32, 24), Random.from(0))).rejects.toThrow(/larger than the image/);
  });

  it('is typed', () => {
    expectTypeOf(horizontalFlip).toBeCallableWith();
    expectTypeOf(horizontalFlip()).toExtend<TransformSpec>();
    // @ts-expect-error a size is required
    expect(() => buildTransform(resize())).toThrow(/height/);
    // @ts-expect-error a misspelt option
    expect(() => buildTransform(rotate({ limits: 3 }))).toThrow(/limits/);
    // @ts-expect-error an option of the wrong kind
    expect(() => buildTransform(clahe({ tileGridSize: 8 }))).toThrow(/tileGridSize/);
    // @ts-expect-error a misspelt name
    const misspelt: TransformSpec = { name: 'HorizontalFlop' };
    expect(() => buildTransform(misspelt)).toThrow(/HorizontalFlip/);
  });
});
