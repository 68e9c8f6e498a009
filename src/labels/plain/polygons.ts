import { createLabelMap } from '../labelMap.ts';
import type { LabelMap } from '../labelMap.ts';
import { flattenPolygons } from '../polygons.ts';
import type { LabelMapSize, Polygon } from '../polygons.ts';

interface Point {
  x: number;
  y: number;
}

/** Rows `[y0, y1)`; x in row `y0` and step per row in 16.16 fixed point. */
interface Edge {
  readonly y0: number;
  readonly y1: number;
  readonly dx: number;
  x: number;
}

interface Canvas {
  readonly plane: Uint32Array;
  readonly bit: number;
  readonly width: number;
  readonly height: number;
}

/** The twin of `fillPolygons`; `native/pixels/polygons.cc` names the source. */
export function fillPolygonsPlain(polygons: readonly Polygon[], size: LabelMapSize): LabelMap {
  const labels = createLabelMap(size.width, size.height, size.classes);
  const { points, counts, classIndices } = flattenPolygons(polygons, size.classes);
  let start = 0;
  for (const [index, count] of counts.entries()) {
    const classIndex = classIndices[index]!;
    const canvas = {
      plane: labels.planes[classIndex >> 5]!,
      bit: 1 << (classIndex & 31),
      width: size.width,
      height: size.height,
    };
    fillInside(canvas, outline(canvas, points.subarray(start, start + 2 * count)));
    start += 2 * count;
  }
  return labels;
}

function outline(canvas: Canvas, points: Int32Array): Edge[] {
  const edges: Edge[] = [];
  for (let i = 0; i < points.length; i += 2) {
    const before = i === 0 ? points.length - 2 : i - 2;
    const p = { x: points[before]!, y: points[before + 1]! };
    const q = { x: points[i]!, y: points[i + 1]! };
    drawLine(canvas, { ...p }, { ...q });
    const clippedP = { ...p };
    const clippedQ = { ...q };
    clipLine(canvas, clippedP, clippedQ);
    if (p.y === q.y) continue;
    if (clippedP.y === clippedQ.y) [clippedP.y, clippedQ.y] = [p.y, q.y];
    const dx = Math.trunc(((clippedQ.x - clippedP.x) * 65536) / (clippedQ.y - clippedP.y));
    if (p.y < q.y) edges.push({ y0: p.y, y1: q.y, x: clippedP.x * 65536 + (p.y - clippedP.y) * dx, dx });
    else edges.push({ y0: q.y, y1: p.y, x: clippedQ.x * 65536 + (q.y - clippedQ.y) * dx, dx });
  }
  return edges;
}

function fillInside(canvas: Canvas, edges: readonly Edge[]): void {
  const first = Math.max(0, Math.min(...edges.map((edge) => edge.y0)));
  const last = Math.min(canvas.height, Math.max(...edges.map((edge) => edge.y1)));
  for (let y = first; y < last; y++) {
    const crossings = edges
      .filter((edge) => edge.y0 <= y && y < edge.y1)
      .map((edge) => edge.x + (y - edge.y0) * edge.dx)
      .sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const left = Math.max(0, Math.ceil(crossings[i]! / 65536));
      const right = Math.min(canvas.width - 1, Math.floor(crossings[i + 1]! / 65536));
      for (let x = left; x <= right; x++) canvas.plane[y * canvas.width + x]! |= canvas.bit;
    }
  }
}

function drawLine(canvas: Canvas, p: Point, q: Point): void {
  if (!clipLine(canvas, p, q)) return;
  if (p.x > q.x) [p, q] = [q, p];
  const { width } = canvas;
  const stride = q.y < p.y ? -width : width;
  const [dx, dy] = [q.x - p.x, Math.abs(q.y - p.y)];
  const steep = dy > dx;
  const [along, across] = steep ? [dy, dx] : [dx, dy];
  const [step, sideStep] = steep ? [stride, 1] : [1, stride];
  let position = p.y * width + p.x;
  let error = along - 2 * across;
  for (let i = 0; i <= along; i++) {
    canvas.plane[position]! |= canvas.bit;
    const aside = error < 0;
    error += (aside ? 2 * along : 0) - 2 * across;
    position += step + (aside ? sideStep : 0);
  }
}

/** Clips in place; false when nothing of the line is left. */
function clipLine({ width, height }: Canvas, p: Point, q: Point): boolean {
  const right = width - 1;
  const bottom = height - 1;
  const sideX = (r: Point) => (r.x < 0 ? 1 : r.x > right ? 2 : 0);
  const sideY = (r: Point) => (r.y < 0 ? 4 : r.y > bottom ? 8 : 0);
  let c1 = sideX(p) | sideY(p);
  let c2 = sideX(q) | sideY(q);
  if ((c1 & c2) === 0 && (c1 | c2) !== 0) {
    if (c1 & 12) {
      const a = c1 < 8 ? 0 : bottom;
      p.x += Math.trunc(((a - p.y) * (q.x - p.x)) / (q.y - p.y));
      p.y = a;
      c1 = sideX(p);
    }
    if (c2 & 12) {
      const a = c2 < 8 ? 0 : bottom;
      q.x += Math.trunc(((a - q.y) * (q.x - p.x)) / (q.y - p.y));
      q.y = a;
      c2 = sideX(q);
    }
    if ((c1 & c2) === 0 && (c1 | c2) !== 0) {
      if (c1) {
        const a = c1 === 1 ? 0 : right;
        p.y += Math.trunc(((a - p.x) * (q.y - p.y)) / (q.x - p.x));
        p.x = a;
        c1 = 0;
      }
      if (c2) {
        const a = c2 === 1 ? 0 : right;
        q.y += Math.trunc(((a - q.x) * (q.y - p.y)) / (q.x - p.x));
        q.x = a;
        c2 = 0;
      }
    }
  }
  return (c1 | c2) === 0;
}
