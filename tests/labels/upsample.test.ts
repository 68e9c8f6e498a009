import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { upsampleBilinear, upsampleThresholdPackPlain } from '../../src/labels/plain/upsample.ts';
import { encodeRle, rleDialects } from '../../src/labels/rle.ts';
import { logitOf, upsampleRle, upsampleThresholdPack } from '../../src/labels/upsample.ts';
import type { Logits } from '../../src/labels/upsample.ts';
import { digest, golden, maskOf, pattern } from './goldens.ts';

interface Case {
  readonly from: readonly [width: number, height: number];
  readonly classes: number;
  readonly to: readonly [width: number, height: number];
}

function noiseLogits({ from: [width, height], classes }: Case): Logits {
  const data = Float32Array.from(pattern(width, height, classes), (value) => (value / 2 ** 32) * 8 - 4);
  return { width, height, classes, data };
}

/** A few smooth blobs per class: cells that are decided at once, and borders. */
function blobs(random: Random, width: number, height: number, classes: number): Logits {
  const data = new Float32Array(width * height * classes);
  for (let c = 0; c < classes; c++) {
    const [cx, cy] = [random.uniform(0, width), random.uniform(0, height)];
    const radius = random.uniform(0.5, 1 + Math.min(width, height) / 2);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        data[(y * width + x) * classes + c] = 3 * (1 - Math.hypot(x - cx, y - cy) / radius);
      }
    }
  }
  return { width, height, classes, data };
}

describe('upsampleBilinear', () => {
  it("is PyTorch's F.interpolate within 1e-5", () => {
    for (const one of golden<Case & { readonly values: number[] }>('bilinear.json')) {
      const values = upsampleBilinear(noiseLogits(one), ...one.to);
      expect(values.length).toBe(one.values.length);
      for (const [i, value] of values.entries()) expect(Math.abs(value - one.values[i]!)).toBeLessThan(1e-5);
    }
  });
});

describe('upsampleThresholdPack', () => {
  it('has the pixels of F.interpolate(...) > threshold', async () => {
    for (const one of golden<Case & { readonly thresholds: number[]; readonly sha256: string }>(
      'upsample.json',
    )) {
      const [width, height] = one.to;
      const thresholds = Float32Array.from(one.thresholds);
      const labels = await upsampleThresholdPack(noiseLogits(one), { width, height, thresholds });
      const masks = Array.from({ length: one.classes }, (_, c) => maskOf(labels, c));
      const bytes = new Uint8Array(width * height * one.classes);
      for (const [c, mask] of masks.entries()) {
        for (const [i, bit] of mask.entries()) bytes[i * one.classes + c] = bit;
      }
      expect({ from: one.from, to: one.to, sha256: digest(bytes) }).toEqual({
        from: one.from,
        to: one.to,
        sha256: one.sha256,
      });
    }
  });

  it('equals its twin bit for bit, for odd sizes and more classes than one plane holds', async () => {
    const random = Random.from('upsample');
    for (let round = 0; round < 15; round++) {
      const [width, height] = [random.integer(1, 30), random.integer(1, 30)];
      const logits = blobs(random, width, height, random.integer(1, 70));
      const options = {
        width: random.integer(1, 130),
        height: random.integer(1, 130),
        thresholds: Float32Array.from({ length: logits.classes }, () => logitOf(random.uniform(0.2, 0.8))),
      };
      const twin = upsampleThresholdPackPlain(logits, options);
      expect(await upsampleThresholdPack(logits, options)).toEqual(twin);
    }
  });

  it('takes NaN and infinities without setting what is not above', async () => {
    const data = Float32Array.of(Number.NaN, Infinity, -Infinity, Number.NaN, 1, -1);
    const options = { width: 9, height: 9, thresholds: new Float32Array(1) };
    const labels = await upsampleThresholdPack({ width: 2, height: 3, classes: 1, data }, options);
    expect(labels.planes[0]!.every((pixel) => pixel <= 1)).toBe(true);
    const none = new Float32Array(6).fill(Number.NaN);
    const empty = await upsampleThresholdPack({ width: 2, height: 3, classes: 1, data: none }, options);
    expect(empty.planes[0]!.some((pixel) => pixel !== 0)).toBe(false);
  });

  it('rejects lengths that do not fit', async () => {
    const logits = { width: 2, height: 2, classes: 2, data: new Float32Array(8) };
    const size = { width: 4, height: 4 };
    const two = new Float32Array(2);
    const rejected = (changed: Partial<Logits>, options = { ...size, thresholds: two }) =>
      expect(upsampleThresholdPack({ ...logits, ...changed }, options)).rejects.toThrow(RangeError);
    await rejected({ width: 3 });
    await rejected({ data: new Float32Array(7) });
    await rejected({}, { ...size, thresholds: new Float32Array(3) });
    await rejected({}, { width: 0, height: 4, thresholds: two });
  });
});

describe('upsampleRle', () => {
  it('writes what its twin and encodeRle write, in every order and dialect', async () => {
    const random = Random.from('upsampled runs');
    const relative = { order: 'row-major', starts: 'relative', empty: '-1' } as const;
    for (let round = 0; round < 24; round++) {
      const [width, height] = [random.integer(1, 40), random.integer(1, 40)];
      const classes = random.integer(1, 70);
      const logits =
        round % 3 === 0
          ? noiseLogits({ from: [width, height], classes, to: [1, 1] })
          : blobs(random, width, height, classes);
      const options = {
        width: random.integer(1, 130),
        height: random.integer(1, 130),
        thresholds: Float32Array.from({ length: classes }, () => logitOf(random.uniform(0.02, 0.98))),
      };
      const labels = upsampleThresholdPackPlain(logits, options);
      for (const dialect of [rleDialects.handBone, relative, rleDialects.coco, rleDialects.hubmap]) {
        expect(await upsampleRle(logits, options, dialect)).toEqual(await encodeRle(labels, dialect));
      }
    }
  });

  it('takes NaN and infinities as upsampleThresholdPack does', async () => {
    const values = [Number.NaN, Infinity, -Infinity, -1, 1, 0];
    const random = Random.from('odd logits');
    for (let round = 0; round < 10; round++) {
      const data = Float32Array.from({ length: 5 * 4 * 3 }, () => random.choice(values));
      const logits = { width: 5, height: 4, classes: 3, data };
      const options = { width: 23, height: 18, thresholds: new Float32Array(3) };
      const labels = await upsampleThresholdPack(logits, options);
      const { handBone } = rleDialects;
      expect(await upsampleRle(logits, options, handBone)).toEqual(await encodeRle(labels, handBone));
    }
  });

  it('rejects lengths that do not fit', async () => {
    const logits = { width: 2, height: 2, classes: 2, data: new Float32Array(8) };
    const options = { width: 4, height: 4, thresholds: new Float32Array(2) };
    const rejected = (changed: Partial<Logits>, other: Partial<typeof options> = {}) =>
      expect(
        upsampleRle({ ...logits, ...changed }, { ...options, ...other }, rleDialects.handBone),
      ).rejects.toThrow(RangeError);
    await rejected({ data: new Float32Array(7) });
    await rejected({}, { thresholds: new Float32Array(3) });
    await rejected({}, { width: 1 << 16, height: 1 << 16 });
  });
});
