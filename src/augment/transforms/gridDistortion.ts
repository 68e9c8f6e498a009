import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import type { ImageSize } from '../../pixels/image.ts';
import type { WarpMap } from '../../pixels/warp.ts';
import { warpMove, warpOptions } from '../affine.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { symmetricRange } from '../ranges.ts';

/** Stretches and squeezes the columns and the rows of a grid of `numSteps` cells a side, each by a factor of its own. */
export const GridDistortion = defineGeometric(
  'GridDistortion',
  {
    numSteps: z.int().min(1).max(1024).default(5),
    /** How far factors are from 1. */
    distortLimit: symmetricRange([-0.3, 0.3], [-1, 1]),
    /** Scale the factors so that the image is neither left nor cut. */
    normalized: z.boolean().default(true),
    ...warpOptions,
    p: probability(0.5),
  },
  (size, options, random) => {
    const columns = factors(options, random);
    const rows = factors(options, random);
    return [warpMove(gridMap(size, columns, rows, options.normalized), size, options)];
  },
);

export const gridDistortion = builderOf(GridDistortion);

/** The map by the factors of the grid's columns and rows, one more than there are whole cells. */
export function gridMap(
  size: ImageSize,
  columns: readonly number[],
  rows: readonly number[],
  normalized: boolean,
): WarpMap {
  const x = sourcePositions(size.width, columns, normalized);
  const y = sourcePositions(size.height, rows, normalized);
  return { kind: 'separable', x, y };
}

interface FactorOptions {
  readonly numSteps: number;
  readonly distortLimit: readonly [number, number];
}

function factors({ numSteps, distortLimit }: FactorOptions, random: Random): number[] {
  return Array.from({ length: numSteps + 1 }, () => 1 + random.uniform(...distortLimit));
}

/** albumentations' `generate_grid` for one side: piecewise linear, each piece reaching both of its ends. */
function sourcePositions(length: number, given: readonly number[], normalized: boolean): Float32Array {
  const steps = given.length - 1;
  const cell = Math.max(1, Math.floor(length / steps));
  const factors = normalized ? normalize(given, length, cell) : given;
  const positions = new Float32Array(length);
  let from = 0;
  for (const [i, factor] of factors.entries()) {
    const to = from + cell * factor;
    const start = i * cell;
    const count = Math.min(cell, length - start);
    for (let k = 0; k < count; k++) {
      positions[start + k] =
        k > 0 && k === count - 1 ? to : from + (k * (to - from)) / Math.max(1, count - 1);
    }
    from = to;
  }
  return positions;
}

/** albumentations' `normalize_grid_distortion_steps`: the last cell may be smaller; together they span the image. */
function normalize(given: readonly number[], length: number, cell: number): number[] {
  const steps = given.length - 1;
  const last = Math.min(length, (steps + 1) * cell) - steps * cell;
  const weighted = given.map((factor, i) => (i === steps ? (factor * last) / cell : factor));
  const sum = weighted.reduce((total, factor) => total + factor, 0);
  return weighted.map((factor) => factor * (length / cell / sum));
}
