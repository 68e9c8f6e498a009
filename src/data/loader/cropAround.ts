import type { Random } from '../../core/random.ts';
import { allPlanes, withPlanes } from '../../labels/labelMap.ts';
import { labelRuns } from '../../labels/runs.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { copyWindow } from '../../pixels/window.ts';
import type { Sample } from '../dataset.ts';

/**
 * Cuts a window out of a sample: centred on a pixel of the class `focus`, each of them as likely, as far as the image
 * reaches; anywhere if there is no such pixel or no class is asked for.
 *
 * @param size at most the sample's.
 */
export async function cropAround(
  sample: Sample,
  { width, height }: ImageSize,
  focus: number | undefined,
  random: Random,
): Promise<Sample> {
  const { image, labels } = sample;
  if (width === image.width && height === image.height) return sample;
  const centre = focus === undefined ? undefined : await pixelOf(sample, focus, random);
  const start = (at: number | undefined, length: number, whole: number): number =>
    at === undefined
      ? random.integer(0, whole - length + 1)
      : Math.min(Math.max(0, at - (length >> 1)), whole - length);
  const x = start(centre?.x, width, image.width);
  const y = start(centre?.y, height, image.height);
  const cut = copyWindow({ image, planes: allPlanes(labels) }, { x, y, width, height });
  return { image: cut.image, labels: withPlanes(labels, { width, height }, cut.planes) };
}

/** One of the pixels of a class. */
async function pixelOf({ labels }: Sample, focus: number, random: Random) {
  const { boundaries } = (await labelRuns(labels))[focus]!;
  let area = 0;
  for (let i = 0; i < boundaries.length; i += 2) area += boundaries[i + 1]! - boundaries[i]!;
  if (area === 0) return undefined;
  let left = random.integer(0, area);
  let i = 0;
  for (; left >= boundaries[i + 1]! - boundaries[i]!; i += 2) left -= boundaries[i + 1]! - boundaries[i]!;
  const position = boundaries[i]! + left;
  return { x: position % labels.width, y: Math.floor(position / labels.width) };
}
