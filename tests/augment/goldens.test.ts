import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';
import type { Image } from '../../src/pixels/image.ts';

interface Golden {
  readonly width: number;
  readonly height: number;
  /** Offsets of the bytes. */
  readonly image: number;
  readonly labels: number;
}
interface Goldens {
  readonly classes: number;
  readonly inputs: Readonly<Record<string, Golden & { readonly channels: Image['channels'] }>>;
  readonly cases: readonly (Golden & {
    readonly spec: TransformSpec;
    readonly input: string;
    readonly tolerance: number;
  })[];
}

const folder = new URL('../goldens/augment/', import.meta.url);
const goldens = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as Goldens;
const bytes = gunzipSync(readFileSync(new URL('cases.bin.gz', folder)));

function sampleAt({ width, height, image, labels }: Golden, channels: Image['channels']): Sample {
  const data = Uint8Array.from(bytes.subarray(image, image + width * height * channels));
  const plane = new Uint32Array(Uint8Array.from(bytes.subarray(labels, labels + 4 * width * height)).buffer);
  return {
    image: { width, height, channels, data },
    labels: { width, height, classes: goldens.classes, planes: [plane] },
  };
}

describe('agreement with albumentations, pixel by pixel', () => {
  for (const golden of goldens.cases) {
    it(`${golden.input}, ${JSON.stringify(golden.spec)}`, async () => {
      const input = goldens.inputs[golden.input]!;
      const before = sampleAt(input, input.channels);
      const sample = sampleAt(input, input.channels);
      const expected = sampleAt(golden, input.channels);
      const actual = await buildTransform(golden.spec)(sample, Random.from('golden'));

      expect([actual.image.width, actual.image.height]).toEqual([golden.width, golden.height]);
      expect(actual.labels.planes[0]).toEqual(expected.labels.planes[0]);
      const differences = actual.image.data.map((value, i) => Math.abs(value - expected.image.data[i]!));
      expect(differences.reduce((most, value) => Math.max(most, value), 0)).toBeLessThanOrEqual(
        golden.tolerance,
      );
      // A tolerance is for single pixels, not for the picture.
      expect(differences.filter((value) => value > 0).length).toBeLessThanOrEqual(differences.length / 500);
      expect(sample).toEqual(before);
    });
  }
});
