import type { Connectivity } from '../components.ts';
import type { LabelMap } from '../labelMap.ts';
import { addPixel, hasClass } from './pixels.ts';

type Pixel = readonly [x: number, y: number];

/** Pixels of each component of one class, in the order of their first pixels: what `findComponents` describes. */
export function componentPixels(labels: LabelMap, classIndex: number, connectivity: Connectivity): Pixel[][] {
  const { width, height } = labels;
  return regions(width, height, connectivity, (x, y) => hasClass(labels, classIndex, x, y));
}

/** The twin of `keepComponents` with one number for all classes. */
export function keepComponentsPlain(
  labels: LabelMap,
  { largest, minArea, connectivity }: { largest: number; minArea: number; connectivity: Connectivity },
): LabelMap {
  const result = copyOf(labels, () => 0);
  for (let c = 0; c < labels.classes; c++) {
    const components = componentPixels(labels, c, connectivity);
    const kept = components
      .sort((a, b) => b.length - a.length)
      .slice(0, largest)
      .filter(({ length }) => length >= minArea);
    for (const [x, y] of kept.flat()) addPixel(result, c, x, y);
  }
  return result;
}

/** The twin of `fillHoles` with one number for all classes. */
export function fillHolesPlain(
  labels: LabelMap,
  { maxArea, connectivity }: { maxArea: number; connectivity: Connectivity },
): LabelMap {
  const { width, height } = labels;
  const result = copyOf(labels, (bits) => bits);
  for (let c = 0; c < labels.classes; c++) {
    // A margin of one pixel connects all that is outside; it comes first.
    const background = regions(
      width + 2,
      height + 2,
      connectivity === 8 ? 4 : 8,
      (x, y) => !hasClass(labels, c, x - 1, y - 1),
    );
    for (const hole of background.slice(1)) {
      if (hole.length <= maxArea) for (const [x, y] of hole) addPixel(result, c, x - 1, y - 1);
    }
  }
  return result;
}

function copyOf(labels: LabelMap, value: (bits: number) => number): LabelMap {
  return { ...labels, planes: labels.planes.map((plane) => plane.map(value)) };
}

/** Connected pixels, found by walking from each one not yet seen. */
function regions(
  width: number,
  height: number,
  connectivity: Connectivity,
  inside: (x: number, y: number) => boolean,
): Pixel[][] {
  const seen = new Uint8Array(width * height);
  const found: Pixel[][] = [];
  const visit = (x: number, y: number, region: Pixel[]): void => {
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    if (seen[y * width + x] === 1 || !inside(x, y)) return;
    seen[y * width + x] = 1;
    region.push([x, y]);
  };
  for (let start = 0; start < width * height; start++) {
    const region: Pixel[] = [];
    visit(start % width, Math.floor(start / width), region);
    // Grows while it is walked.
    for (const [x, y] of region) {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          if (connectivity === 8 || dx === 0 || dy === 0) visit(x + dx, y + dy, region);
        }
      }
    }
    if (region.length > 0) found.push(region);
  }
  return found;
}
