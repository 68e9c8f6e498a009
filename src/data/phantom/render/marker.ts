import type { Random } from '../../../core/random.ts';
import type { Framing } from '../anatomy/framing.ts';
import { distance } from '../anatomy/geometry.ts';
import type { Point } from '../anatomy/geometry.ts';

/** Strokes of the lead letters in a box one unit wide and 1.5 high. */
const strokes: Readonly<Record<'left' | 'right', readonly (readonly Point[])[]>> = {
  left: [
    [
      [0, 0],
      [0, 1.5],
      [0.85, 1.5],
    ],
  ],
  right: [
    [
      [0, 1.5],
      [0, 0],
      [0.5, 0],
      [0.78, 0.1],
      [0.9, 0.38],
      [0.78, 0.66],
      [0.5, 0.76],
      [0, 0.76],
    ],
    [
      [0.42, 0.76],
      [0.92, 1.5],
    ],
  ],
};

/**
 * Lays a lead letter, L or R, on the detector where the least tissue is.
 *
 * @param absorbed - `[size, size]`, row-major; changed.
 * @param tissue - Thickness of soft tissue, the same shape.
 */
export function addMarker(
  absorbed: Float32Array,
  tissue: Float32Array,
  size: number,
  side: 'left' | 'right',
  { field: [left, top, right, bottom], pixelsPerMillimetre: scale }: Framing,
  random: Random,
): void {
  const height = random.uniform(7.5, 10) * scale;
  const unit = height / 1.5;
  const candidates = Array.from({ length: 40 }, (): Point => [
    random.uniform(left + 0.6 * height, right - 1.3 * height),
    random.uniform(top + 0.6 * height, bottom - 1.6 * height),
  ]);
  const clear = candidates.filter(([x, y]) => isClear(tissue, size, x, y, height));
  if (clear.length === 0) return;
  const [x0, y0] = clear[0]!;
  const halfStroke = 0.11 * height;
  for (const line of strokes[side])
    line.slice(1).forEach((end, index) => {
      const place = ([x, y]: Point): Point => [x0 + x * unit, y0 + y * unit];
      drawStroke(absorbed, size, place(line[index]!), place(end), halfStroke);
    });
}

function isClear(tissue: Float32Array, size: number, x0: number, y0: number, height: number): boolean {
  const step = height / 4;
  for (let y = y0 - step; y <= y0 + height + step; y += step)
    for (let x = x0 - step; x <= x0 + height + step; x += step)
      if ((tissue[Math.floor(y) * size + Math.floor(x)] ?? 1) > 0) return false;
  return true;
}

function drawStroke(absorbed: Float32Array, size: number, from: Point, to: Point, half: number): void {
  const length2 = distance(from, to) ** 2;
  const lead = 1.9;
  for (let y = Math.floor(Math.min(from[1], to[1]) - half - 1); y <= Math.max(from[1], to[1]) + half + 1; y++)
    for (
      let x = Math.floor(Math.min(from[0], to[0]) - half - 1);
      x <= Math.max(from[0], to[0]) + half + 1;
      x++
    ) {
      if (x < 0 || y < 0 || x >= size || y >= size) continue;
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const t = Math.min(1, Math.max(0, ((x - from[0]) * dx + (y - from[1]) * dy) / length2));
      const off = distance([x, y], [from[0] + t * dx, from[1] + t * dy]);
      const i = y * size + x;
      absorbed[i] = Math.max(absorbed[i]!, lead * Math.min(1, Math.max(0, half - off + 0.5)));
    }
}
