import type { Random } from '../../core/random.ts';
import type { Sample } from '../../data/dataset.ts';
import { reorient, symmetries } from '../../pixels/symmetry.ts';
import { showsOtherHand } from '../handSide.ts';
import { joinPatches } from '../mixing/patches.ts';
import { rasterOf, sampleOf } from '../sample.ts';
import { fitted } from './fit.ts';

export interface Mosaic {
  readonly sample: Sample;
  readonly parameters: {
    /** Where the four patches meet, pixels. */
    readonly cut: readonly [x: number, y: number];
    /** Which of the four images were mirrored to show the same hand as the first. */
    readonly mirrored: readonly boolean[];
  };
}

/**
 * Joins four images at a random point, each giving the patch of its own corner.
 *
 * Unlike RICAP, which cuts its patches anywhere, each patch stays where it was, so that fingers stay above the wrist
 * and keep their size; images that show the other hand are mirrored first, and other sizes scaled to the first's.
 *
 * @param samples top left, top right, bottom left, bottom right.
 * @param range of the cut, fractions of width and height.
 */
export async function makeMosaic(
  samples: readonly Sample[],
  range: readonly [number, number],
  random: Random,
): Promise<Mosaic> {
  const first = samples[0]!;
  const { width, height } = first.image;
  const x = Math.round(width * random.uniform(...range));
  const y = Math.round(height * random.uniform(...range));
  const mirrored: boolean[] = [];
  const fitting: Sample[] = [];
  for (const [corner, sample] of samples.entries()) {
    const mirror = corner > 0 && (await showsOtherHand(sample.labels, first.labels));
    mirrored.push(mirror);
    const upright = mirror ? sampleOf(await reorient(rasterOf(sample), symmetries.h), sample) : sample;
    fitting.push(await fitted(upright, first.image));
  }
  const cut = [x, y] as const;
  const origins = [[0, 0], [x, 0], [0, y], cut] as const;
  return {
    sample: sampleOf(joinPatches(fitting.map(rasterOf), { cut, origins }), first),
    parameters: { cut, mirrored },
  };
}
