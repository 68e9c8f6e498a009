import type { BorderMode } from '../geometry.ts';
import type { ImageSize } from '../image.ts';
import type { Warp, WarpMap, WarpStep } from '../warp.ts';
import { mapValues } from '../warp.ts';
import { fusedMultiplyAdd } from './rounded.ts';

const { fround } = Math;

type Place = readonly [x: number, y: number];
const outside: Place = [Number.NaN, Number.NaN];
const far = 1e9;

function isKnown([x, y]: Place): boolean {
  return Math.abs(x) < far && Math.abs(y) < far;
}

const clamp = (value: number, high: number): number => Math.max(0, Math.min(high, value));

/** A table at a position between whole ones, in float32. */
function between(at: (index: number) => number, length: number, position: number): number {
  const clamped = clamp(position, length - 1);
  const low = Math.trunc(clamped);
  const a = at(low);
  const b = at(Math.min(low + 1, length - 1));
  const inside = fround(a + fround(fround(clamped - low) * fround(b - a)));
  return fround(inside + fround(position - clamped));
}

function bilinear(map: Float32Array, { width, height }: ImageSize, [x, y]: Place): number {
  const top = Math.trunc(y);
  const row = (r: number): number => between((i) => map[r * width + i]!, width, x);
  const [a, b] = [row(top), row(Math.min(top + 1, height - 1))];
  return fround(a + fround(fround(y - top) * fround(b - a)));
}

/**
 * Where a map sends a place of its output of the given size.
 *
 * @param first whether the place is a whole pixel, so that tables are read without interpolation.
 */
export function mapped(map: WarpMap, place: Place, size: ImageSize, first: boolean): Place {
  const [x, y] = place;
  const v = mapValues(map);
  const line = (i: number): number => {
    const [a, b, c] = [fround(v[i]!), fround(v[i + 1]!), fround(v[i + 2]!)];
    return fusedMultiplyAdd(x, a, fround(fround(y * b) + c));
  };
  switch (map.kind) {
    case 'affine':
      return [line(0), line(3)];
    case 'perspective': {
      const w = line(6);
      return [fround(line(0) / w), fround(line(3) / w)];
    }
    case 'radial': {
      const [dx, dy] = [x - v[0]!, y - v[1]!];
      const r = (dx * v[2]!) ** 2 + (dy * v[3]!) ** 2;
      const factor = 1 + (v[5]! * r + v[4]!) * r;
      return [fround(dx * factor + v[6]!), fround(dy * factor + v[7]!)];
    }
    case 'separable':
      if (first) return [map.x[x]!, map.y[y]!];
      if (!isKnown(place)) return place;
      return [between((i) => map.x[i]!, size.width, x), between((i) => map.y[i]!, size.height, y)];
    case 'dense': {
      if (first) return [map.x[y * size.width + x]!, map.y[y * size.width + x]!];
      if (!isKnown(place)) return place;
      const [cx, cy] = [clamp(x, size.width - 1), clamp(y, size.height - 1)];
      return [
        fround(bilinear(map.x, size, [cx, cy]) + fround(x - cx)),
        fround(bilinear(map.y, size, [cx, cy]) + fround(y - cy)),
      ];
    }
  }
}

function foldedPosition(v: number, length: number, border: BorderMode): number {
  switch (border) {
    case 'replicate':
      return clamp(v, length - 1);
    case 'wrap':
      return fround(v - fround(length * Math.floor(fround(fround(v + 0.5) / length))));
    case 'reflect': {
      const shifted = fround(v + 0.5);
      const p = fround(shifted - fround(2 * length * Math.floor(fround(shifted / (2 * length)))));
      return fround((p < length ? p : fround(2 * length - p)) - 0.5);
    }
    case 'reflect101': {
      if (length === 1) return 0;
      const period = 2 * (length - 1);
      const p = fround(v - fround(period * Math.floor(fround(v / period))));
      return p < length ? p : fround(period - p);
    }
    case 'constant':
      return v;
  }
}

function folded({ fold, width, height }: WarpStep, place: Place): Place {
  if (fold === 'none') return place;
  const [x, y] = place;
  const inside = x >= -0.5 && x < width - 0.5 && y >= -0.5 && y < height - 0.5;
  if (inside && fold !== 'replicate') return place;
  if (fold === 'constant' || !isKnown(place)) return outside;
  return [foldedPosition(x, width, fold), foldedPosition(y, height, fold)];
}

/** Where an output pixel of a warp comes from: the twin of the native `MapRow`. */
export function sourceOf({ steps, ...output }: Warp, x: number, y: number): Place {
  let place: Place = [x, y];
  let size: ImageSize = output;
  for (const [i, step] of steps.entries()) {
    place = folded(step, mapped(step.map, place, size, i === 0));
    size = step;
  }
  const limit = (value: number): number => (value > -far ? Math.min(value, far) : -far);
  return [limit(place[0]), limit(place[1])];
}
