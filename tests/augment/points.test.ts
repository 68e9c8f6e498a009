import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildAnnotatedTransform } from '../../src/augment/annotated.ts';
import { boxOf, cornersOf } from '../../src/augment/boxes.ts';
import type { BoxNumbers } from '../../src/augment/boxes.ts';
import { buildTransform } from '../../src/augment/build.ts';
import { compose } from '../../src/augment/compose.ts';
import type { Point } from '../../src/augment/perspectiveMatrix.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';

interface Golden {
  readonly spec: TransformSpec;
  readonly size: readonly [number, number];
  readonly tolerance: number;
  readonly boxTolerance: number;
  readonly keypoints: readonly Point[];
  readonly boxes: readonly BoxNumbers[];
  readonly movedKeypoints: readonly Point[];
  readonly keypointIndices: readonly number[];
  readonly movedBoxes: readonly BoxNumbers[];
  readonly boxIndices: readonly number[];
}

const goldens = JSON.parse(
  readFileSync(new URL('../goldens/augment/points.json', import.meta.url), 'utf8'),
) as readonly Golden[];

/** A dark sample; class 0 is where `inside` says. */
function sampleOf(
  width: number,
  height: number,
  inside: (x: number, y: number) => boolean = () => false,
): Sample {
  const plane = Uint32Array.from({ length: width * height }, (_, i) =>
    inside(i % width, Math.floor(i / width)) ? 1 : 0,
  );
  return {
    image: { width, height, channels: 1, data: new Uint8Array(width * height) },
    labels: { width, height, classes: 1, planes: [plane] },
  };
}

const pascal = { boxes: { format: 'pascal_voc' } } as const;

/** Largest distance of numbers that belong together. */
function farthest(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  return Math.max(0, ...a.flatMap((row, i) => row.map((value, k) => Math.abs(value - b[i]![k]!))));
}

describe('keypoints and boxes agree with albumentations', () => {
  it.each(
    goldens.map((golden) => [`${golden.size.join('×')} ${JSON.stringify(golden.spec)}`, golden] as const),
  )('%s', async (_, golden) => {
    const { keypoints, boxes, tolerance, boxTolerance } = golden;
    const sample = sampleOf(...golden.size);
    const moved = await buildAnnotatedTransform(golden.spec, pascal)(
      { ...sample, keypoints, boxes },
      Random.from('golden'),
    );
    if (tolerance < 0.01) {
      expect(moved.keypointIndices).toEqual(golden.keypointIndices);
      expect(moved.boxIndices).toEqual(golden.boxIndices);
    }
    const pointAt = (index: number) => golden.movedKeypoints[golden.keypointIndices.indexOf(index)];
    const common = moved.keypointIndices.filter((index) => pointAt(index) !== undefined);
    const own = moved.keypoints.filter((__, i) => common.includes(moved.keypointIndices[i]!));
    expect(
      farthest(
        own,
        common.map((index) => pointAt(index)!),
      ),
    ).toBeLessThan(tolerance);
    const boxAt = (index: number) => golden.movedBoxes[golden.boxIndices.indexOf(index)];
    const both = moved.boxIndices.filter((index) => boxAt(index) !== undefined);
    const kept = moved.boxes.filter((__, i) => both.includes(moved.boxIndices[i]!));
    expect(both.length).toBeGreaterThan(2);
    expect(
      farthest(
        kept,
        both.map((index) => boxAt(index)!),
      ),
    ).toBeLessThan(boxTolerance);
  });
});

const everywhere: readonly TransformSpec[] = [
  { name: 'RandomRotate90', p: 1 },
  { name: 'D4', p: 1 },
  { name: 'Rotate', limit: 40, p: 1 },
  { name: 'SafeRotate', limit: 40, p: 1 },
  { name: 'Affine', scale: [0.8, 1.2], shear: 12, rotate: 30, p: 1 },
  { name: 'Perspective', scale: 0.1, p: 1 },
  { name: 'Perspective', scale: 0.1, keepSize: false, p: 1 },
  { name: 'ElasticTransform', alpha: 150, sigma: 9, p: 1 },
  { name: 'GridDistortion', p: 1 },
  { name: 'OpticalDistortion', distortLimit: [0.8, 0.8], p: 1 },
  { name: 'OpticalDistortion', distortLimit: [-0.4, -0.4], mode: 'fisheye', p: 1 },
  { name: 'RandomCrop', height: 90, width: 90, p: 1 },
  { name: 'CropNonEmptyMaskIfExists', height: 90, width: 80, p: 1 },
  { name: 'RandomResizedCrop', size: [100, 120], scale: [0.6, 0.9], p: 1 },
  compose([
    { name: 'HorizontalFlip', p: 0.5 },
    { name: 'Rotate', limit: 20, p: 1 },
    {
      name: 'OneOf',
      transforms: [{ name: 'GridDistortion' }, { name: 'ElasticTransform', alpha: 60, sigma: 8 }],
      p: 1,
    },
    { name: 'CLAHE', p: 1 },
    { name: 'RandomCrop', height: 100, width: 110, p: 1 },
  ]),
];

describe('points go where their pixels go', () => {
  const centres: Point[] = [
    [40, 40],
    [80, 50],
    [60, 90],
    [100, 85],
  ];

  it.each(everywhere.map((spec) => [JSON.stringify(spec), spec] as const))('%s', async (_, spec) => {
    const radius = 6;
    for (const seed of [1, 2, 3]) {
      for (const [cx, cy] of centres) {
        const disc = sampleOf(140, 130, (x, y) => (x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2);
        const box = [cx - radius, cy - radius, cx + radius + 1, cy + radius + 1] as const;
        const given = { ...disc, keypoints: [[cx, cy] as const], boxes: [box] };
        const moved = await buildAnnotatedTransform(spec, pascal)(given, Random.from(seed));
        const plain = await buildTransform(spec)(disc, Random.from(seed));
        expect(moved.labels).toEqual(plain.labels);
        const { width, height, planes } = moved.labels;
        const pixels = [...planes[0]!].flatMap((bit, i) =>
          bit === 1 ? [[i % width, Math.floor(i / width)]] : [],
        );
        const [xs, ys] = [pixels.map(([x]) => x!), pixels.map(([, y]) => y!)];
        const edges = [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
        const cut = edges[0] === 0 || edges[1] === 0 || edges[2] === width || edges[3] === height;
        if (pixels.length === 0 || cut) continue;
        const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
        const [[x, y]] = moved.keypoints as [Point];
        expect(Math.hypot(x - mean(xs), y - mean(ys))).toBeLessThan(1.3);
        // The box of a moved box holds that of the disc.
        const [left, top, right, bottom] = moved.boxes[0]!;
        for (const over of [left - edges[0]!, top - edges[1]!, edges[2]! - right, edges[3]! - bottom]) {
          expect(over).toBeLessThan(1.2);
        }
      }
    }
  });
});

describe('what is dropped, and what is told of it', () => {
  const sample = sampleOf(100, 100);
  const crop = { name: 'CenterCrop', height: 50, width: 50, p: 1 } as const;
  const keypoints: Point[] = [
    [10, 10],
    [30, 40],
    [74.9, 50],
    [75, 50],
  ];

  it('keypoints outside go, or stay if asked', async () => {
    const visible = await buildAnnotatedTransform(crop)({ ...sample, keypoints }, Random.from(1));
    expect(visible.keypointIndices).toEqual([1, 2]);
    expect(visible.keypoints[0]).toEqual([5, 15]);
    const all = await buildAnnotatedTransform(crop, { removeInvisible: false })(
      { ...sample, keypoints },
      Random.from(1),
    );
    expect(all.keypoints[0]).toEqual([-15, -15]);
    expect(all.keypointIndices).toEqual([0, 1, 2, 3]);
  });

  it('boxes are cut at the edges, and go by what is left of them', async () => {
    const boxes: BoxNumbers[] = [
      [15, 30, 20, 10],
      [30, 30, 10, 10],
      [74, 30, 10, 10],
      [60, 26, 15, 2],
      [80, 80, 5, 5],
    ];
    const indices = async (options: object) =>
      (
        await buildAnnotatedTransform(crop, { boxes: { format: 'coco', ...options } })(
          { ...sample, boxes },
          Random.from(1),
        )
      ).boxIndices;
    const moved = await buildAnnotatedTransform(crop, { boxes: { format: 'coco' } })(
      { ...sample, boxes },
      Random.from(1),
    );
    expect(moved.boxes.slice(0, 3)).toEqual([
      [0, 5, 10, 10],
      [5, 5, 10, 10],
      [49, 5, 1, 10],
    ]);
    expect(moved.boxIndices).toEqual([0, 1, 2, 3]);
    expect(await indices({ minArea: 20 })).toEqual([0, 1, 3]);
    expect(await indices({ minVisibility: 0.4 })).toEqual([0, 1, 3]);
    expect(await indices({ minWidth: 2 })).toEqual([0, 1, 3]);
    expect(await indices({ minHeight: 3 })).toEqual([0, 1, 2]);
    expect(await indices({ minWidth: 1, maxAcceptRatio: 2 })).toEqual([0, 1]);
  });

  it('every format is read and written alike', () => {
    const size = { width: 200, height: 50 };
    const corners = [20, 10, 60, 30] as const;
    expect(boxOf(corners, 'coco', size)).toEqual([20, 10, 40, 20]);
    expect(boxOf(corners, 'albumentations', size)).toEqual([0.1, 0.2, 0.3, 0.6]);
    expect(boxOf(corners, 'yolo', size)).toEqual([0.2, 0.4, 0.2, 0.4]);
    for (const format of ['pascal_voc', 'coco', 'albumentations', 'yolo'] as const) {
      const back = cornersOf(boxOf(corners, format, size), format, size);
      expect(farthest([back], [corners])).toBeLessThan(1e-9);
    }
  });

  it('jimp is refused, and boxes without a format', async () => {
    expect(() => buildAnnotatedTransform(compose([{ name: 'Jimp', method: 'blur', args: [2] }]))).toThrow(
      expect.objectContaining({ code: 'augment/points' }),
    );
    const boxes: BoxNumbers[] = [[0, 0, 5, 5]];
    await expect(buildAnnotatedTransform(crop)({ ...sample, boxes }, Random.from(1))).rejects.toMatchObject({
      code: 'augment/points',
    });
  });
});
