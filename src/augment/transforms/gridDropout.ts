import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import type { ImageSize } from '../../pixels/image.ts';
import type { Window } from '../../pixels/window.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { holeFillMask } from '../fillMask.ts';
import { withHoles } from '../holes.ts';
import { fill } from '../ranges.ts';

const gridDropoutOptions = {
  /** Side of a hole, as a fraction of its cell's. */
  ratio: z.number().gt(0).max(1).default(0.5),
  /** Move every hole within its cell at random, instead of all by `shiftXy`. */
  randomOffset: z.boolean().default(true),
  /** Sides of a cell, pixels: `[smallest, largest)`. Default: a tenth of the image's sides. */
  unitSizeRange: z
    .tuple([z.int().min(2), z.int().min(2)])
    .readonly()
    .nullable()
    .default(null),
  /** Cells along y and x (in this order, whatever the name: as albumentations reads it), instead of their size. */
  holesNumberXy: z
    .tuple([z.int().min(1).max(1024), z.int().min(1).max(1024)])
    .readonly()
    .nullable()
    .default(null),
  /** Pixels. */
  shiftXy: z
    .tuple([z.int().min(0), z.int().min(0)])
    .readonly()
    .default([0, 0]),
  fill,
  /** 0 empties the labels in the holes too, `unknown` keeps losses from looking at them. */
  fillMask: holeFillMask,
  p: probability(0.5),
};

type Grid = Pick<z.output<z.ZodObject<typeof gridDropoutOptions>>, 'unitSizeRange' | 'holesNumberXy'>;

/** Fills a rectangle in every cell of a grid (GridMask: P. Chen et al., arXiv:2001.04086). */
export const GridDropout = defineTransform(
  'GridDropout',
  gridDropoutOptions,
  (sample, options, random) => {
    const { width, height } = sample.image;
    const { rows, columns } = gridOf(sample.image, options, random);
    const tops = cells(height, rows, random);
    const lefts = cells(width, columns, random);
    const holes = tops.flatMap((y) =>
      lefts.map((x): Window => {
        const h = holeSide(y.length, options.ratio);
        const w = holeSide(x.length, options.ratio);
        const [right, down] = options.randomOffset
          ? [random.integer(0, x.length - w + 1), random.integer(0, y.length - h + 1)]
          : options.shiftXy;
        return {
          x: Math.min(x.start + right, width - w),
          y: Math.min(y.start + down, height - h),
          width: w,
          height: h,
        };
      }),
    );
    return Promise.resolve(withHoles(sample, holes, options));
  },
  {
    objection: ({ unitSizeRange }) =>
      unitSizeRange !== null && unitSizeRange[0] > unitSizeRange[1]
        ? 'unitSizeRange: expected [low, high] with low ≤ high'
        : undefined,
  },
);

export const gridDropout = builderOf(GridDropout);

function gridOf(
  { width, height }: ImageSize,
  options: Grid,
  random: Random,
): { rows: number; columns: number } {
  const { holesNumberXy, unitSizeRange } = options;
  if (holesNumberXy !== null) {
    return { rows: Math.min(height, holesNumberXy[0]), columns: Math.min(width, holesNumberXy[1]) };
  }
  const unit = unitSizeRange === null ? null : random.integer(unitSizeRange[0], Math.max(...unitSizeRange));
  const along = (length: number): number =>
    Math.max(1, Math.floor(length / (unit ?? Math.max(2, Math.floor(length / 10)))));
  return { rows: along(height), columns: along(width) };
}

interface Cell {
  readonly start: number;
  readonly length: number;
}

/** Parts of nearly one length, the longer ones anywhere. */
function cells(length: number, count: number, random: Random): Cell[] {
  const longer = length % count;
  const lengths = random.shuffle(
    Array.from({ length: count }, (_, i) => Math.floor(length / count) + (i < longer ? 1 : 0)),
  );
  let start = 0;
  return lengths.map((each) => {
    start += each;
    return { start: start - each, length: each };
  });
}

function holeSide(cell: number, ratio: number): number {
  return Math.max(0, Math.trunc(Math.min(Math.max(cell * ratio, 1), cell - 1)));
}
