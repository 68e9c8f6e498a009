import { describe, expect, it } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { emboss } from '../../src/augment/transforms/emboss.ts';
import { horizontalFlip } from '../../src/augment/transforms/horizontalFlip.ts';
import { fromJimp } from '../../src/augment/transforms/jimp.ts';
import { randomBrightnessContrast } from '../../src/augment/transforms/randomBrightnessContrast.ts';
import { rotate } from '../../src/augment/transforms/rotate.ts';
import { sharpen } from '../../src/augment/transforms/sharpen.ts';
import { verticalFlip } from '../../src/augment/transforms/verticalFlip.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';

const [width, height] = [31, 22];

function randomSample(): Sample {
  const random = Random.from('jimp');
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 256));
  const plane = Uint32Array.from({ length: width * height }, () => random.bits());
  return {
    image: { width, height, channels: 3, data },
    labels: { width, height, classes: 32, planes: [plane] },
  };
}

function apply(spec: TransformSpec): Promise<Sample> {
  return buildTransform(spec)(randomSample(), Random.from(0));
}

/** Largest difference in grey levels, of pixels at least `margin` away from the border. */
function largestDifference(a: Sample, b: Sample, margin = 0): number {
  let largest = 0;
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x++) {
      for (let c = 0; c < 3; c++) {
        const i = (y * width + x) * 3 + c;
        largest = Math.max(largest, Math.abs(a.image.data[i]! - b.image.data[i]!));
      }
    }
  }
  return largest;
}

describe('native kernels against jimp', () => {
  it('flips are the same, labels included', async () => {
    const byJimp = await apply(fromJimp('flip', [{ horizontal: true }]));
    expect(await apply(horizontalFlip({ p: 1 }))).toEqual(byJimp);
    expect(await apply(verticalFlip({ p: 1 }))).toEqual(await apply(fromJimp('flip', [{ vertical: true }])));
  });

  it('a rotation by 180 degrees is the same, labels included', async () => {
    // Jimp turns whole pixels; the warp has sin(180°) = 1e-16, which interpolation may round by a grey level.
    const ours = await apply(rotate({ limit: [180, 180], interpolation: 'nearest', p: 1 }));
    expect(ours).toEqual(await apply(fromJimp('rotate', [180])));
  });

  it('a rotation by another angle agrees about the direction', async () => {
    // Jimp samples nearest, half a pixel beside the centre, so only a smooth image can be compared.
    const smooth = (): Sample => {
      const sample = randomSample();
      const data = sample.image.data.map((_, i) => {
        const x = Math.floor(i / 3) % width;
        const y = Math.floor(i / 3 / width);
        return 4 * x + 5 * y;
      });
      return { ...sample, image: { ...sample.image, data } };
    };
    const ours = await buildTransform(rotate({ limit: [20, 20], p: 1 }))(smooth(), Random.from(0));
    const jimps = await buildTransform(fromJimp('rotate', [{ deg: 20, mode: false }]))(
      smooth(),
      Random.from(0),
    );
    const opposite = await buildTransform(rotate({ limit: [-20, -20], p: 1 }))(smooth(), Random.from(0));
    expect(largestDifference(ours, jimps, 8)).toBeLessThanOrEqual(16);
    expect(largestDifference(opposite, jimps, 8)).toBeGreaterThan(20);
  });

  it('brightness and contrast are the same up to the dropped fraction', async () => {
    const brighter = { contrastLimit: [0.3, 0.3], brightnessLimit: [0, 0], p: 1 } as const;
    expect(
      largestDifference(
        await apply(randomBrightnessContrast(brighter)),
        await apply(fromJimp('brightness', [1.3])),
      ),
    ).toBeLessThanOrEqual(1);
    const factor = 1.25 / 0.75;
    const shift = (127 * (1 - factor)) / 255;
    const contrast = {
      contrastLimit: [factor - 1, factor - 1],
      brightnessLimit: [shift, shift],
      p: 1,
    } as const;
    expect(
      largestDifference(
        await apply(randomBrightnessContrast(contrast)),
        await apply(fromJimp('contrast', [0.25])),
      ),
    ).toBeLessThanOrEqual(1);
  });

  it('emboss and sharpen are the same inside: jimp repeats the border and drops the fraction', async () => {
    const [alpha, strength, lightness] = [0.4, 0.5, 0.8];
    const blend = (effect: number[][]): number[][] =>
      effect.map((row, y) => row.map((value, x) => alpha * value + (x === 1 && y === 1 ? 1 - alpha : 0)));
    const relief = blend([
      [-1 - strength, -strength, 0],
      [-strength, 1, strength],
      [0, strength, 1 + strength],
    ]);
    const embossed = await apply(emboss({ alpha: [alpha, alpha], strength: [strength, strength], p: 1 }));
    const reference = await apply(fromJimp('convolution', [relief]));
    expect(largestDifference(embossed, reference, 1)).toBeLessThanOrEqual(1);
    expect(largestDifference(embossed, reference)).toBeGreaterThan(1);

    const edges = blend([
      [-1, -1, -1],
      [-1, 8 + lightness, -1],
      [-1, -1, -1],
    ]);
    const sharpened = await apply(
      sharpen({ alpha: [alpha, alpha], lightness: [lightness, lightness], p: 1 }),
    );
    expect(
      largestDifference(sharpened, await apply(fromJimp('convolution', [edges])), 1),
    ).toBeLessThanOrEqual(1);
  });
});

describe('fromJimp', () => {
  it('changes values and leaves labels alone', async () => {
    const before = randomSample();
    for (const [method, args] of [
      ['invert', []],
      ['posterize', [4]],
      ['blur', [2]],
      ['gaussian', [1]],
      ['pixelate', [5]],
      ['threshold', [{ max: 120 }]],
      ['quantize', [{ colors: 8 }]],
      ['dither', []],
    ] as const) {
      const after = await apply(fromJimp(method, args));
      expect(after.labels).toEqual(before.labels);
      expect(after.image.data.length).toBe(before.image.data.length);
      expect(after.image.data, method).not.toEqual(before.image.data);
    }
  });

  it('crops and resizes labels with the image', async () => {
    const cropped = await apply(fromJimp('crop', [{ x: 3, y: 4, w: 10, h: 8 }]));
    expect([cropped.labels.width, cropped.labels.height]).toEqual([10, 8]);
    expect(cropped.labels.planes[0]![0]).toBe(randomSample().labels.planes[0]![4 * width + 3]);
    const resized = await apply(fromJimp('resize', [{ w: 62, h: 44 }]));
    const values = new Set(randomSample().labels.planes[0]);
    expect(resized.labels.planes[0]!.every((value) => values.has(value))).toBe(true);
  });

  it('moves labels with the image wherever whole pixels move', async () => {
    const mode = 'nearestNeighbor';
    for (const [method, args] of [
      ['fisheye', [{ radius: 1.8 }]],
      ['scale', [{ f: 1.5, mode }]],
      ['scaleToFit', [{ w: 20, h: 20, mode }]],
      ['flip', [{ horizontal: true, vertical: true }]],
    ] as const) {
      const { image, labels } = randomSample();
      // The lowest byte of a label is the image's grey value.
      const grey = Uint8Array.from({ length: image.width * image.height }, (_, i) => (i * 37) % 251);
      const given: Sample = {
        image: { ...image, channels: 1, data: grey },
        labels: { ...labels, classes: 32, planes: [Uint32Array.from(grey, (value) => value | 0xff000000)] },
      };
      const after = await buildTransform(fromJimp(method, args))(given, Random.from(1));
      expect(after.image.data, method).not.toEqual(grey);
      expect(Uint8Array.from(after.labels.planes[0]!), method).toEqual(after.image.data);
    }
    const scaled = await apply(fromJimp('scale', [0.5]));
    expect([scaled.labels.width, scaled.labels.height]).toEqual([scaled.image.width, scaled.image.height]);
  });

  it('refuses what labels cannot follow, and methods that touch files', async () => {
    expect(() => buildTransform(fromJimp('rotate', [30]))).toThrow(/mode: false/);
    expect(() => buildTransform({ name: 'Jimp', method: 'write', args: ['x.png'] } as never)).toThrow(
      /method/,
    );
    await expect(apply(fromJimp('posterize', ['many']))).rejects.toThrow(/posterize refused/);
  });
});
