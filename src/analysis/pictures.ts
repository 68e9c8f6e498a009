import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { bytesOf } from '../core/bytes.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { resizeLabels } from '../labels/resize.ts';
import type { Image } from '../pixels/image.ts';
import { pictureOf } from '../pixels/picture.ts';

/** What `pictureOf` shows of the image, as a sharp pipeline. */
export function pipelineOf(image: Image): Sharp {
  const { data, width, height, channels } = pictureOf(image);
  return sharp(data, { raw: { width, height, channels: channels === 1 ? 1 : 3 } });
}

/** What `pictureOf` shows of an image, and its labels, no larger than `side` pixels on the longer side; smaller ones stay as they are. */
export async function shrink(
  image: Image,
  labels: readonly LabelMap[],
  side: number,
): Promise<{ image: Image; labels: LabelMap[] }> {
  const factor = Math.min(1, side / Math.max(image.width, image.height));
  if (factor === 1) return { image, labels: [...labels] };
  const width = Math.max(1, Math.round(image.width * factor));
  const height = Math.max(1, Math.round(image.height * factor));
  const { data, info } = await pipelineOf(image)
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    image: { width, height, channels: info.channels, data: bytesOf(data) },
    labels: await Promise.all(labels.map((map) => resizeLabels(map, { width, height }))),
  };
}

/** A picture as a `data:` URL of near-lossless WebP, for pages that stand by themselves. */
export async function dataUrl(image: Image): Promise<string> {
  const bytes = await pipelineOf(image).webp({ quality: 88, effort: 4, smartSubsample: true }).toBuffer();
  return `data:image/webp;base64,${bytes.toString('base64')}`;
}
