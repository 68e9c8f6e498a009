import type { Sample } from '../data/dataset.ts';
import { allPlanes, withPlanes } from '../labels/labelMap.ts';
import type { Raster } from '../pixels/geometry.ts';
import type { Image } from '../pixels/image.ts';

/** The same pixels seen as image and planes, for kernels that move both. */
export function rasterOf({ image, labels }: Sample): Raster {
  const planes = allPlanes(labels);
  return labels.unknown === undefined
    ? { image, planes }
    : { image, planes, unknownPlane: labels.planes.length };
}

/** A sample from moved pixels, with the classes of the sample they came from. */
export function sampleOf({ image, planes }: Raster, from: Sample): Sample {
  return { image, labels: withPlanes(from.labels, image, planes) };
}

export function withImage(sample: Sample, image: Image): Sample {
  return { image, labels: sample.labels };
}

/** Everything that holds a sample's pixels, to be given back with `release`. */
export function arraysOf({ image, labels }: Sample): (Uint8Array | Uint32Array)[] {
  return [image.data, ...allPlanes(labels)];
}
