import type { Random } from '../../core/random.ts';
import type { Sample } from '../../data/dataset.ts';
import { boundingBoxes } from '../../labels/boxes.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import type { Raster } from '../../pixels/geometry.ts';
import { resize } from '../../pixels/resize.ts';
import { reorient, symmetries } from '../../pixels/symmetry.ts';
import { copyWindow } from '../../pixels/window.ts';
import { rasterOf, sampleOf } from '../sample.ts';

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
 * Joins four images at a random point, each giving the patch of its own corner (RICAP: R. Takahashi et al., "Data
 * augmentation using random image cropping and patching for deep CNNs", 2018).
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
  const centres = await classCentres(first.labels);
  const mirrored: boolean[] = [];
  const patches: Raster[] = [];
  for (const [corner, sample] of samples.entries()) {
    const mirror = corner > 0 && isMirrored(centres, await classCentres(sample.labels));
    mirrored.push(mirror);
    let raster = rasterOf({ ...sample, image: withChannels(sample.image, first.image.channels) });
    if (mirror) raster = await reorient(raster, symmetries.h);
    if (raster.image.width !== width || raster.image.height !== height) {
      raster = await resize(raster, { width, height }, 'linear');
    }
    const [right, bottom] = [corner % 2 === 1, corner >= 2];
    const window = {
      x: right ? x : 0,
      y: bottom ? y : 0,
      width: right ? width - x : x,
      height: bottom ? height - y : y,
    };
    patches.push(copyWindow(raster, window));
  }
  return { sample: sampleOf(joined(patches, width, height), first), parameters: { cut: [x, y], mirrored } };
}

function withChannels(image: Sample['image'], channels: Sample['image']['channels']): Sample['image'] {
  if (image.channels === channels) return image;
  const { width, height } = image;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < channels; c++) {
      data[i * channels + c] =
        c === 3 ? 255 : image.data[i * image.channels + (image.channels === 1 ? 0 : c)]!;
    }
  }
  return { width, height, channels, data };
}

/** Horizontal centre of each class's box, as a fraction of the width. */
async function classCentres(labels: LabelMap): Promise<(number | undefined)[]> {
  const boxes = await boundingBoxes(labels);
  return boxes.map((box) => (box === undefined ? undefined : (box.left + box.width / 2) / labels.width));
}

/** Whether the classes lie more like a mirror image of the reference than like the reference, about their own middles. */
function isMirrored(
  reference: readonly (number | undefined)[],
  centres: readonly (number | undefined)[],
): boolean {
  const pairs = reference.flatMap((a, i) => {
    const b = centres[i];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  const mean = (side: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  const [meanA, meanB] = [mean(0), mean(1)];
  return pairs.reduce((sum, [a, b]) => sum + (a - meanA) * (b - meanB), 0) < 0;
}

function joined(patches: readonly Raster[], width: number, height: number): Raster {
  const { channels } = patches[0]!.image;
  const data = new Uint8Array(width * height * channels);
  const planes = patches[0]!.planes.map(() => new Uint32Array(width * height));
  const [x, y] = [patches[0]!.image.width, patches[0]!.image.height];
  for (const [corner, patch] of patches.entries()) {
    const left = corner % 2 === 1 ? x : 0;
    const top = corner >= 2 ? y : 0;
    for (let row = 0; row < patch.image.height; row++) {
      const from = row * patch.image.width;
      const to = (top + row) * width + left;
      const end = from + patch.image.width;
      data.set(patch.image.data.subarray(from * channels, end * channels), to * channels);
      for (const [p, plane] of patch.planes.entries()) planes[p]!.set(plane.subarray(from, end), to);
    }
  }
  return { image: { width, height, channels, data }, planes };
}
