import type { Sample } from '../data/dataset.ts';
import { allPlanes, withPlanes } from '../labels/labelMap.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { fillBytes } from '../pixels/geometry.ts';
import type { Image } from '../pixels/image.ts';
import { uninitialized, uninitializedPlanes } from '../pixels/memory.ts';
import type { Window } from '../pixels/window.ts';
import type { FillMask } from './fillMask.ts';

/** Fills rectangles that lie within the image; `fillMask` 0 empties the labels there, `unknown` makes them unknown too. */
export function withHoles(
  { image, labels }: Sample,
  holes: readonly Window[],
  { fill, fillMask }: { readonly fill: number | readonly number[]; readonly fillMask: FillMask | null },
): Sample {
  return {
    image: filled(image, holes, fillBytes(fill, image.channels)),
    labels: fillMask === null ? labels : emptied(labels, holes, fillMask),
  };
}

function filled(image: Image, holes: readonly Window[], fill: Uint8Array): Image {
  const { width, channels } = image;
  const data = uninitialized(image.data.length);
  data.set(image.data);
  const pattern = Uint8Array.from({ length: width * channels }, (_, i) => fill[i % channels]!);
  for (const hole of holes) {
    const row = pattern.subarray(0, hole.width * channels);
    for (let y = hole.y; y < hole.y + hole.height; y++) data.set(row, (y * width + hole.x) * channels);
  }
  return { ...image, data };
}

function emptied(labels: LabelMap, holes: readonly Window[], fillMask: FillMask): LabelMap {
  const given = allPlanes(labels);
  const planes = uninitializedPlanes(given.length, labels.width * labels.height);
  for (const [p, plane] of planes.entries()) {
    plane.set(given[p]!);
    const value = fillMask === 'unknown' && given[p] === labels.unknown ? 1 : 0;
    for (const { x, y, width, height } of holes) {
      for (let row = y; row < y + height; row++) {
        plane.fill(value, row * labels.width + x, row * labels.width + x + width);
      }
    }
  }
  return withPlanes(labels, labels, planes);
}
