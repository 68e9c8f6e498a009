import type { Window } from '../../pixels/window.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { holeFillMask } from '../fillMask.ts';
import { withHoles } from '../holes.ts';
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
    fillMask: holeFillMask,
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
    return Promise.resolve(withHoles(sample, holes, options));
  },
);

export const coarseDropout = builderOf(CoarseDropout);
