import { z } from 'zod';
import type { LabelMap } from '../../labels/labelMap.ts';
import { fillBytes } from '../../pixels/geometry.ts';
import type { Image } from '../../pixels/image.ts';
import type { Window } from '../../pixels/window.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { fill, range } from '../ranges.ts';

const extent = range([0.1, 0.2], [0, 65536]);

/**
 * Fills rectangles with a value. Their sizes are fractions of the image, or pixels where the upper limit of the
 * height is 1 or more. Labels stay as they are unless `fillMask` is 0, which empties them there.
 */
export const CoarseDropout = defineTransform(
  'CoarseDropout',
  {
    numHolesRange: range([1, 2], [1, 10_000]),
    holeHeightRange: extent,
    holeWidthRange: extent,
    fill,
    fillMask: z.union([z.literal(0), z.null()]).default(null),
    p: probability(0.5),
  },
  (sample, options, random) => {
    const { width, height } = sample.image;
    const count = random.integer(options.numHolesRange[0], Math.trunc(options.numHolesRange[1]) + 1);
    const inPixels = options.holeHeightRange[1] >= 1;
    const length = ([low, high]: readonly [number, number], side: number): number =>
      inPixels
        ? random.integer(Math.min(Math.trunc(low), side), Math.trunc(Math.min(high, side)) + 1)
        : Math.trunc(side * Math.min(1, random.uniform(low, high)));
    const holes = Array.from({ length: count }, (): Window => {
      const h = length(options.holeHeightRange, height);
      const w = length(options.holeWidthRange, width);
      const y = random.integer(0, height - h + 1);
      return { x: random.integer(0, width - w + 1), y, width: w, height: h };
    });
    return Promise.resolve({
      image: withHoles(sample.image, holes, fillBytes(options.fill)),
      labels: options.fillMask === 0 ? withoutLabels(sample.labels, holes) : sample.labels,
    });
  },
);

export const coarseDropout = builderOf(CoarseDropout);

function withHoles(image: Image, holes: readonly Window[], fill: Uint8Array): Image {
  const { width, channels } = image;
  // Not slice(): of a Buffer, that is a view of the same bytes.
  const data = new Uint8Array(image.data);
  for (const hole of holes) {
    const row = new Uint8Array(hole.width * channels);
    for (let i = 0; i < row.length; i++) row[i] = fill[i % channels]!;
    for (let y = hole.y; y < hole.y + hole.height; y++) data.set(row, (y * width + hole.x) * channels);
  }
  return { ...image, data };
}

function withoutLabels(labels: LabelMap, holes: readonly Window[]): LabelMap {
  const planes = labels.planes.map((plane) => plane.slice());
  for (const { x, y, width, height } of holes) {
    for (const plane of planes) {
      for (let row = y; row < y + height; row++) {
        plane.fill(0, row * labels.width + x, row * labels.width + x + width);
      }
    }
  }
  return { ...labels, planes };
}
