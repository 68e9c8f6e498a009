import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { warpMove } from '../../src/augment/affine.ts';
import type { Move } from '../../src/augment/move.ts';
import { doMoves } from '../../src/augment/move.ts';
import type { Point } from '../../src/augment/perspectiveMatrix.ts';
import { gridMap } from '../../src/augment/transforms/gridDistortion.ts';
import { perspectiveMove } from '../../src/augment/transforms/perspective.ts';
import { elasticKernel, elasticMap } from '../../src/pixels/elastic.ts';
import type { BorderMode, Interpolation, Raster } from '../../src/pixels/geometry.ts';
import { symmetries } from '../../src/pixels/symmetry.ts';

interface Place {
  readonly width: number;
  readonly height: number;
  /** Offsets of the bytes. */
  readonly image: number;
  readonly labels: number;
}
type Case = Place & { readonly interpolation?: Interpolation; readonly borderMode?: BorderMode } & (
    | { readonly kind: 'symmetry'; readonly element: keyof typeof symmetries }
    | {
        readonly kind: 'perspective';
        readonly corners: readonly Point[];
        readonly keepSize?: boolean;
        readonly fitOutput?: boolean;
      }
    | {
        readonly kind: 'grid';
        readonly columns: readonly number[];
        readonly rows: readonly number[];
        readonly normalized: boolean;
      }
    | {
        readonly kind: 'elastic';
        readonly alpha: number;
        readonly sigma: number;
        readonly approximate: boolean;
        readonly sameDxdy: boolean;
        readonly noise: number;
        readonly largest: number;
      }
  );

const folder = new URL('../goldens/augment/', import.meta.url);
const goldens = JSON.parse(readFileSync(new URL('maps.json', folder), 'utf8')) as {
  readonly source: Place;
  readonly cases: readonly Case[];
};
const bytes = gunzipSync(readFileSync(new URL('maps.bin.gz', folder)));

function floatsAt(offset: number, length: number): Float32Array {
  return new Float32Array(Uint8Array.from(bytes.subarray(offset, offset + 4 * length)).buffer);
}

function rasterAt({ width, height, image, labels }: Place): Raster {
  const data = Uint8Array.from(bytes.subarray(image, image + width * height * 3));
  const plane = new Uint32Array(floatsAt(labels, width * height).buffer);
  return { image: { width, height, channels: 3, data }, planes: [plane] };
}

async function moveOf(golden: Case, size: Place): Promise<Move> {
  const { interpolation = 'linear', borderMode = 'constant' } = golden;
  const options = { interpolation, borderMode, fill: 0, fillMask: 0 } as const;
  switch (golden.kind) {
    case 'symmetry':
      return { kind: 'symmetry', symmetry: symmetries[golden.element] };
    case 'perspective': {
      const { keepSize = true, fitOutput = false } = golden;
      return perspectiveMove(golden.corners, size, { ...options, keepSize, fitOutput });
    }
    case 'grid':
      return warpMove(gridMap(size, golden.columns, golden.rows, golden.normalized), size, options);
    case 'elastic': {
      const { sigma, alpha, largest, approximate } = golden;
      const noise = floatsAt(golden.noise, (golden.sameDxdy ? 1 : 2) * size.width * size.height);
      const kernel = elasticKernel(sigma, approximate ? 17 : undefined);
      const map = await elasticMap(size, noise, alpha / largest, sigma, kernel);
      return warpMove({ kind: 'dense', ...map }, size, options);
    }
  }
}

describe('agreement with albumentations given its random numbers, pixel by pixel', () => {
  const source = rasterAt(goldens.source);
  for (const [i, golden] of goldens.cases.entries()) {
    const { kind, interpolation, borderMode } = golden;
    it([i, kind, interpolation, borderMode].filter((part) => part !== undefined).join(' '), async () => {
      const expected = rasterAt(golden);
      const actual = await doMoves(source, [await moveOf(golden, goldens.source)]);
      expect([actual.image.width, actual.image.height]).toEqual([golden.width, golden.height]);
      expect(actual.planes).toEqual(expected.planes);
      const differences = actual.image.data.map((value, j) => Math.abs(value - expected.image.data[j]!));
      const exact = kind === 'symmetry' || interpolation === 'nearest';
      expect(Math.max(...differences)).toBeLessThanOrEqual(exact ? 0 : 1);
      expect(differences.filter((value) => value > 0).length).toBeLessThanOrEqual(differences.length / 200);
    });
  }
});
