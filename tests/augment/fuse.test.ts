import { describe, expect, it } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import { compose, oneOf, sequential } from '../../src/augment/compose.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { affine } from '../../src/augment/transforms/affine.ts';
import { centerCrop } from '../../src/augment/transforms/centerCrop.ts';
import { elasticTransform } from '../../src/augment/transforms/elasticTransform.ts';
import { gridDistortion } from '../../src/augment/transforms/gridDistortion.ts';
import { horizontalFlip } from '../../src/augment/transforms/horizontalFlip.ts';
import { opticalDistortion } from '../../src/augment/transforms/opticalDistortion.ts';
import { padIfNeeded } from '../../src/augment/transforms/padIfNeeded.ts';
import { perspective } from '../../src/augment/transforms/perspective.ts';
import { randomResizedCrop } from '../../src/augment/transforms/randomResizedCrop.ts';
import { resize } from '../../src/augment/transforms/resize.ts';
import { rotate } from '../../src/augment/transforms/rotate.ts';
import { toGray } from '../../src/augment/transforms/toGray.ts';
import { transpose } from '../../src/augment/transforms/transpose.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';

const [width, height] = [96, 72];

/** Brightness of the test picture at any point: waves of some ten pixels. */
function brightness(x: number, y: number): number {
  return 128 + 60 * Math.sin(x / 3.1) * Math.cos(y / 2.7) + 50 * Math.sin((x + 2 * y) / 9);
}

/** Waves, and a few large discs as labels. */
function picture(): Sample {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.round(brightness(i % width, Math.floor(i / width))),
  );
  const plane = Uint32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return [
      [30, 30, 18],
      [60, 40, 22],
      [80, 15, 12],
    ].reduce(
      (bits, [cx, cy, r], c) => ((x - cx!) ** 2 + (y - cy!) ** 2 <= r! ** 2 ? bits | (1 << c) : bits),
      0,
    );
  });
  return {
    image: { width, height, channels: 1, data },
    labels: { width, height, classes: 3, planes: [plane] },
  };
}

/** Pixels whose labels are neither those of the other map there nor at one of the eight pixels around. */
function strayLabels(a: Sample, b: Sample): number {
  const [planeA, planeB] = [a.labels.planes[0]!, b.labels.planes[0]!];
  const { width, height } = a.labels;
  const near = (i: number, bits: number): boolean => {
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        const [x, y] = [(i % width) + dx, Math.floor(i / width) + dy];
        if (x >= 0 && y >= 0 && x < width && y < height && planeB[y * width + x] === bits) return true;
      }
    }
    return false;
  };
  return planeA.filter((bits, i) => !near(i, bits)).length;
}

async function both(transforms: readonly TransformSpec[], seed = 1): Promise<[fused: Sample, apart: Sample]> {
  const run = (fuse: boolean) =>
    buildTransform(compose(transforms, { fuse }))(picture(), Random.from('fuse', seed));
  return [await run(true), await run(false)];
}

const turn = rotate({ limit: [25, 25], p: 1 });
const move = affine({ rotate: -40, scale: 0.9, translatePx: { x: 9, y: -14 }, p: 1 });
const elastic = elasticTransform({ alpha: 200, sigma: 8, p: 1 });
const chains: Readonly<Record<string, readonly TransformSpec[]>> = {
  'affine after affine': [turn, move],
  'elastic after affine': [turn, elastic],
  'affine after elastic': [elastic, move],
  'perspective after grid': [gridDistortion({ p: 1 }), perspective({ p: 1 })],
  'grid after perspective': [perspective({ p: 1 }), gridDistortion({ p: 1 })],
  'lens after elastic': [elastic, opticalDistortion({ distortLimit: [0.5, 0.5], p: 1 })],
  'flip, transposition and rotation': [horizontalFlip({ p: 1 }), transpose({ p: 1 }), turn],
  'crop, then rotation': [centerCrop({ width: 60, height: 50 }), turn],
  'rotation, then crop': [turn, centerCrop({ width: 60, height: 50 })],
  'rotation, then padding': [turn, padIfNeeded({ minWidth: 120, minHeight: 100 })],
  'padding, then rotation': [padIfNeeded({ minWidth: 120, minHeight: 100 }), turn],
  'rotation, then resized crop': [turn, randomResizedCrop({ size: [50, 64], scale: [0.6, 0.9] })],
  'resize, then rotation': [resize({ width: 120, height: 90 }), turn],
};

describe('consecutive geometric transforms', () => {
  for (const [name, transforms] of Object.entries(chains)) {
    it(`in one pass come out as one by one: ${name}`, async () => {
      for (const seed of [1, 2]) {
        const [fused, apart] = await both(transforms, seed);
        expect([fused.image.width, fused.image.height]).toEqual([apart.image.width, apart.image.height]);
        const { data } = fused.image;
        // Nothing but the edges of labels and of the picture, and some sharpness, may differ.
        expect(strayLabels(fused, apart) / data.length).toBeLessThan(0.004);
        const differences = data.map((value, i) => Math.abs(value - apart.image.data[i]!));
        expect(differences.reduce((sum, value) => sum + value, 0) / data.length).toBeLessThan(4);
        expect(differences.filter((value) => value > 40).length / data.length).toBeLessThan(0.03);
      }
    });
  }

  it('lose less of the image in one pass', async () => {
    // There and back again: what is left differs from the picture by what interpolation cost.
    const there = rotate({ limit: [20, 20], borderMode: 'reflect101', p: 1 });
    const back = rotate({ limit: [-20, -20], borderMode: 'reflect101', p: 1 });
    const [fused, apart] = await both([there, back]);
    const error = ({ image }: Sample): number => {
      let sum = 0;
      for (let y = 20; y < height - 20; y++) {
        for (let x = 20; x < width - 20; x++) sum += (image.data[y * width + x]! - brightness(x, y)) ** 2;
      }
      return Math.sqrt(sum / (width - 40) / (height - 40));
    };
    expect(error(fused)).toBeLessThan(0.5);
    expect(error(apart)).toBeGreaterThan(1);
    // What left the frame in between stays lost in a constant border, as one by one.
    const shift = (x: number) => affine({ translatePx: { x, y: 0 }, fill: 7, p: 1 });
    const [kept, lost] = await both([shift(30), shift(-30)]);
    expect(kept).toEqual(lost);
    expect(kept.image.data.filter((value) => value === 7).length).toBeGreaterThanOrEqual(30 * height);
  });

  it('are not done in one pass where they disagree, or something lies between', async () => {
    const nearest = rotate({ limit: [-40, -40], interpolation: 'nearest', p: 1 });
    const bright = affine({ rotate: -40, fill: 255, p: 1 });
    const reflected = affine({ rotate: -40, borderMode: 'reflect', p: 1 });
    const between = [turn, toGray({ p: 1 }), move];
    for (const transforms of [[turn, nearest], [turn, bright], [turn, reflected], between]) {
      const [fused, apart] = await both(transforms);
      expect(fused).toEqual(apart);
    }
    const [fused, apart] = await both([turn, move]);
    expect(fused.image).not.toEqual(apart.image);
  });

  it('draw what they draw one by one, whatever is nested in what', async () => {
    const random = rotate({ limit: 60, p: 0.7 });
    const nested = compose([random, oneOf([move, elastic], { p: 0.9 }), sequential([random], { p: 0.8 })]);
    for (let seed = 0; seed < 8; seed++) {
      const [fused, apart] = await both([nested, random], seed);
      expect(strayLabels(fused, apart) / fused.image.data.length).toBeLessThan(0.006);
    }
    // A composition that shall not be fused is not fused with its neighbours either.
    const kept = compose([move], { fuse: false });
    const run = (specs: TransformSpec[], fuse: boolean) =>
      buildTransform(compose(specs, { fuse }))(picture(), Random.from(3));
    expect(await run([turn, kept, turn], true)).toEqual(await run([turn, move, turn], false));
  });
});
