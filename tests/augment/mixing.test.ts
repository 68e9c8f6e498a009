import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildMixer } from '../../src/augment/mixing/build.ts';
import { drawCutMix } from '../../src/augment/mixing/cutMix.ts';
import { drawMosaic } from '../../src/augment/mixing/mosaic.ts';
import { joinPatches, patchSizes } from '../../src/augment/mixing/patches.ts';
import { drawRicap } from '../../src/augment/mixing/ricap.ts';
import { mixingSchema } from '../../src/augment/mixing/spec.ts';
import type { MixSpec } from '../../src/augment/mixing/spec.ts';
import { rasterOf } from '../../src/augment/sample.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';
import type { MixedSample } from '../../src/data/loader/mixing.ts';
import { blendImages } from '../../src/pixels/blend.ts';
import { filled } from '../models/formula.ts';

interface Goldens {
  readonly mosaics: readonly {
    readonly height: number;
    readonly width: number;
    readonly center: number;
    /** SHA-256. */
    readonly image: string;
    readonly labels: string;
  }[];
  readonly averages: readonly { readonly share: number; readonly values: readonly number[] }[];
}

const goldens = JSON.parse(
  readFileSync(new URL('../goldens/mixing/mixing.json', import.meta.url), 'utf8'),
) as Goldens;

const bytes = (values: Float32Array): Uint8Array => Uint8Array.from(values, Math.floor);

function sampleOf(name: string, width: number, height: number): Sample {
  const pixels = width * height;
  const plane = Uint32Array.from(filled(`labels ${name}`, pixels, 0, 2 ** 29), Math.floor);
  return {
    image: { width, height, channels: 3, data: bytes(filled(`image ${name}`, pixels * 3, 0, 256)) },
    labels: { width, height, classes: 29, planes: [plane] },
  };
}

const sha256 = (data: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');

describe('mixes', () => {
  it.each(goldens.mosaics)('Mosaic equals albumentations at $width × $height, centre $center', (golden) => {
    const { width, height, center } = golden;
    const patches = drawMosaic({ width, height }, [center, center], Random.from('mosaic'));
    const areas = patchSizes({ width, height }, patches.cut).map((size) => size.width * size.height);
    const own = areas.indexOf(Math.max(...areas));
    const orders = [
      ['p', 'q', 'r'],
      ['p', 'r', 'q'],
      ['q', 'p', 'r'],
      ['q', 'r', 'p'],
      ['r', 'p', 'q'],
      ['r', 'q', 'p'],
    ];
    const results = orders.map((order) => {
      const names = [...order.slice(0, own), 'own', ...order.slice(own)];
      const joined = joinPatches(
        names.map((name) => rasterOf(sampleOf(name, width, height))),
        patches,
      );
      return [sha256(joined.image.data), sha256(joined.planes[0]!)];
    });
    // albumentations puts the other three in any order.
    expect(results).toContainEqual([golden.image, golden.labels]);
  });

  it.each(goldens.averages)('MixUp averages as OpenCV does, share $share', async ({ share, values }) => {
    const [a, b] = [sampleOf('own', 14, 9), sampleOf('p', 14, 9)];
    const { data } = await blendImages(a.image, b.image, share);
    const differences = values.map((value, i) => Math.abs(value - data[i]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    expect(differences.filter((value) => value > 0).length).toBeLessThan(values.length / 20);
  });

  it("CutMix's rectangle is half of a Beta's share to each side of a centre anywhere, cut off at the edges", () => {
    const size = { width: 40, height: 30 };
    let whole = 0;
    for (let i = 0; i < 500; i++) {
      const random = Random.from('cutmix', i);
      const { x, y, width, height } = drawCutMix(size, 1, random);
      expect(x >= 0 && y >= 0 && x + width <= 40 && y + height <= 30).toBe(true);
      const again = Random.from('cutmix', i);
      const half = 0.5 * Math.sqrt(1 - again.beta(1, 1));
      const [centreX, centreY] = [again.integer(0, 40), again.integer(0, 30)];
      expect([x, x + width]).toEqual([
        Math.max(0, centreX - Math.trunc(half * 40)),
        Math.min(40, centreX + Math.trunc(half * 40)),
      ]);
      expect([y, y + height]).toEqual([
        Math.max(0, centreY - Math.trunc(half * 30)),
        Math.min(30, centreY + Math.trunc(half * 30)),
      ]);
      if (width * height > 0) whole++;
    }
    expect(whole).toBeGreaterThan(450);
  });

  it("RICAP's patches are whole and lie inside their images", () => {
    const size = { width: 20, height: 15 };
    const cuts = new Set<number>();
    for (let i = 0; i < 200; i++) {
      const { cut, origins } = drawRicap(size, 0.3, Random.from('ricap', i));
      cuts.add(cut[0]);
      for (const [corner, patch] of patchSizes(size, cut).entries()) {
        const [x, y] = origins[corner]!;
        expect(x >= 0 && y >= 0 && x + patch.width <= 20 && y + patch.height <= 15).toBe(true);
      }
    }
    expect(cuts.size).toBe(21);
  });
});

describe('a mixer', () => {
  const [width, height] = [24, 18];
  const own = sampleOf('own', width, height);
  const names = ['p', 'q', 'r', 's'];

  async function mixed(specs: readonly MixSpec[], seed = 0): Promise<MixedSample & { drawn: string[] }> {
    const mixer = buildMixer(mixingSchema.parse(specs));
    const drawn: string[] = [];
    const result = await mixer.mix(own, Random.from('mixer', seed), (random) => {
      const name = random.choice(names);
      drawn.push(name);
      return Promise.resolve(sampleOf(name, width, height));
    });
    return { ...result, drawn };
  }

  const pixel = ({ image, labels }: Sample, i: number): string =>
    [labels.planes[0]![i], ...image.data.subarray(3 * i, 3 * i + 3)].join();
  const pixelsOf = (sample: Sample): string[] =>
    Array.from({ length: width * height }, (_, i) => pixel(sample, i));

  /** Which samples the pixels come from, image and labels together; throws for a pixel that none of them has. */
  function originsOf(sample: Sample): Set<string> {
    const owner = new Map(
      ['own', ...names].flatMap((name) =>
        pixelsOf(sampleOf(name, width, height)).map((text) => [text, name]),
      ),
    );
    return new Set(
      pixelsOf(sample).map((text, i) => owner.get(text) ?? expect.fail(`pixel ${i} is from nowhere`)),
    );
  }

  it('CutMix takes every pixel, with its labels, from one of two images at its own place', async () => {
    const result = await mixed([{ name: 'CutMix', p: 1 }], 3);
    expect(result.drawn).toHaveLength(1);
    const partner = sampleOf(result.drawn[0]!, width, height);
    let replaced = 0;
    for (let i = 0; i < width * height; i++) {
      if (pixel(result, i) === pixel(own, i)) continue;
      expect(pixel(result, i)).toBe(pixel(partner, i));
      replaced++;
    }
    expect(replaced).toBeGreaterThan(0);
    expect(replaced).toBeLessThan(width * height);
  });

  it.each(['RICAP', 'Mosaic'] as const)(
    '%s takes pixels with their labels from four images',
    async (name) => {
      const result = await mixed([{ name, p: 1, ...(name === 'RICAP' ? { beta: 5 } : {}) }]);
      expect(result.drawn).toHaveLength(3);
      expect(originsOf(result)).toEqual(new Set(['own', ...result.drawn]));
    },
  );

  it('MixUp keeps both labels, with the share of the values', async () => {
    const { image, labels, blended, drawn } = await mixed([{ name: 'MixUp', alpha: 2, p: 1 }]);
    const partner = sampleOf(drawn[0]!, width, height);
    expect(labels).toEqual(own.labels);
    expect(blended!.labels).toEqual(partner.labels);
    const { share } = blended!;
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
    for (const [i, value] of image.data.entries()) {
      const exact = own.image.data[i]! * (1 - share) + partner.image.data[i]! * share;
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(0.5);
    }
  });

  it('draws the same for the same stream, and leaves the sample as it was', async () => {
    const before = structuredClone(own);
    const all: MixSpec[] = [
      { name: 'CopyPaste', p: 0.5 },
      { name: 'OneOf', transforms: [{ name: 'CutMix' }, { name: 'RICAP' }, { name: 'Mosaic' }], p: 0.8 },
      { name: 'MixUp', p: 0.5 },
    ];
    const results = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const result = await mixed(all, seed);
      expect(await mixed(all, seed)).toEqual(result);
      results.add(sha256(result.image.data));
    }
    expect(results.size).toBeGreaterThan(8);
    expect(own).toEqual(before);
  });

  it('applies none where no probability says so', async () => {
    expect(
      await mixed([
        { name: 'CutMix', p: 0 },
        { name: 'MixUp', p: 0 },
      ]),
    ).toMatchObject({ ...own, drawn: [] });
  });

  it('refuses a partner of another shape', async () => {
    const mixer = buildMixer(mixingSchema.parse([{ name: 'CutMix', p: 1 }]));
    const other = () => Promise.resolve(sampleOf('p', width + 1, height));
    await expect(mixer.mix(own, Random.from(0), other)).rejects.toMatchObject({ code: 'augment/mix-shape' });
  });
});

describe('the declaration of mixing', () => {
  const messages = (value: unknown): string[] =>
    mixingSchema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
    [];

  it('fills in defaults', () => {
    expect(mixingSchema.parse([{ name: 'MixUp' }])).toEqual([{ name: 'MixUp', alpha: 0.4, p: 0.5 }]);
    expect(buildMixer(mixingSchema.parse([{ name: 'CutMix' }])).blends).toBe(false);
    const nested = [{ name: 'OneOf', transforms: [{ name: 'CutMix' }, { name: 'MixUp' }] }];
    expect(buildMixer(mixingSchema.parse(nested)).blends).toBe(true);
  });

  it('wants MixUp last, also within OneOf', () => {
    const last = '0: MixUp must come last: what it gives has two labels in every pixel';
    expect(messages([{ name: 'MixUp' }, { name: 'CutMix' }])).toEqual([last]);
    const nested = { name: 'OneOf', transforms: [{ name: 'CutMix' }, { name: 'MixUp' }] };
    expect(messages([nested, { name: 'MixUp' }])).toEqual([last]);
    expect(messages([{ name: 'CutMix' }, nested])).toEqual([]);
  });

  it.each([
    [{ name: 'MixUp', alpha: 0 }],
    [{ name: 'CopyPaste', classes: [3, 2] }],
    [{ name: 'Mosaic', centerRange: [0.6, 0.4] }],
    [{ name: 'OneOf', transforms: [{ name: 'CutMix', p: 0 }] }],
    [{ name: 'OneOf', transforms: [] }],
    [{ name: 'CutMixed' }],
  ])('refuses %j', (mix) => {
    expect(messages([mix])).not.toEqual([]);
  });
});
