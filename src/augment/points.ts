import { invertAffine } from '../pixels/affine.ts';
import type { ImageSize } from '../pixels/image.ts';
import { mapped } from '../pixels/plain/coordinates.ts';
import { symmetryMatrix } from '../pixels/symmetry.ts';
import type { WarpMap } from '../pixels/warp.ts';
import type { Move } from './move.ts';
import { sizeAfter } from './move.ts';
import { invertPerspective, mapPoint } from './perspectiveMatrix.ts';
import type { Point } from './perspectiveMatrix.ts';

/**
 * What whole coordinates are. `centres`: those of pixels' centres, as keypoints have them. `corners`: those of their upper
 * left corners, as boxes have them.
 */
export type PointKind = 'centres' | 'corners';

/** Where the moves take a point of an image of this size, pixels; it may come to lie outside. */
export function movedPoint(moves: readonly Move[], size: ImageSize, point: Point, kind: PointKind): Point {
  let [current, place] = [size, point];
  for (const move of moves) {
    place = afterMove(move, current, place, kind);
    current = sizeAfter(current, move);
  }
  return place;
}

function afterMove(move: Move, size: ImageSize, [x, y]: Point, kind: PointKind): Point {
  switch (move.kind) {
    case 'symmetry': {
      const matrix = invertAffine(symmetryMatrix(move.symmetry, size));
      return shifted(kind, [x, y], (place) => affinePoint(matrix, place));
    }
    case 'window':
      return [x - move.window.x, y - move.window.y];
    case 'resize':
      // albumentations scales keypoints as if they were corners, too.
      return [(x * move.size.width) / size.width, (y * move.size.height) / size.height];
    case 'warp': {
      const { steps } = move.warp;
      const domain = (i: number): ImageSize => (i === 0 ? move.warp : steps[i - 1]!);
      // albumentations sends corners of boxes through the matrix of a perspective as they are.
      const isPerspective = steps.some(({ map }) => map.kind === 'perspective');
      return shifted(isPerspective ? 'centres' : kind, [x, y], (place) =>
        steps.reduceRight((at, { map }, i) => outputOf(map, domain(i), at), place),
      );
    }
  }
}

/** A map of pixels' centres done to a point of either kind. */
function shifted(kind: PointKind, [x, y]: Point, map: (point: Point) => Point): Point {
  if (kind === 'centres') return map([x, y]);
  const [u, v] = map([x - 0.5, y - 0.5]);
  return [u + 0.5, v + 0.5];
}

function affinePoint([a, b, c, d, e, f]: readonly number[], [x, y]: Point): Point {
  return [a! * x + b! * y + c!, d! * x + e! * y + f!];
}

/** The output pixel that the map sends to a source pixel; where there are several or none, one that comes close. */
function outputOf(map: WarpMap, size: ImageSize, source: Point): Point {
  switch (map.kind) {
    case 'affine':
      return affinePoint(invertAffine(map.matrix), source);
    case 'perspective':
      return mapPoint(invertPerspective(map.matrix), source);
    default:
      return searched((place) => mapped(map, place, size, false), source);
  }
}

/** Most steps of the search, and halvings of one that leads astray. */
const [maxSteps, maxHalvings] = [40, 8];
/** Pixels. */
const closeEnough = 1e-3;

/** Newton's method with differences of a pixel, for tables of maps are linear between pixels. */
function searched(map: (place: Point) => Point, goal: Point): Point {
  const missOf = (place: Point): Point => {
    const [x, y] = map(place);
    return [x - goal[0], y - goal[1]];
  };
  let place = goal;
  let miss = missOf(place);
  for (let step = 0; step < maxSteps && Math.hypot(...miss) > closeEnough; step++) {
    const [x, y] = place;
    const [right, left] = [map([x + 0.5, y]), map([x - 0.5, y])];
    const [below, above] = [map([x, y + 0.5]), map([x, y - 0.5])];
    const [a, c] = [right[0] - left[0], right[1] - left[1]];
    const [b, d] = [below[0] - above[0], below[1] - above[1]];
    const determinant = a * d - b * c;
    const [dx, dy] =
      Math.abs(determinant) < 1e-6
        ? miss
        : [(d * miss[0] - b * miss[1]) / determinant, (a * miss[1] - c * miss[0]) / determinant];
    let found = false;
    for (let halving = 0; halving <= maxHalvings && !found; halving++) {
      const next: Point = [x - dx / 2 ** halving, y - dy / 2 ** halving];
      const nextMiss = missOf(next);
      if (!(Math.hypot(...nextMiss) < Math.hypot(...miss))) continue;
      [place, miss, found] = [next, nextMiss, true];
    }
    if (!found) break;
  }
  return place;
}
