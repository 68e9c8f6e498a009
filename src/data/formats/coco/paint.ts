import { PhalanxError, messageOf } from '../../../core/errors.ts';
import { parseCocoRle } from '../../../labels/cocoRle.ts';
import { createLabelMap } from '../../../labels/labelMap.ts';
import type { LabelMap } from '../../../labels/labelMap.ts';
import { paintRuns } from '../../../labels/runs.ts';
import type { RunMask } from '../../../labels/runs.ts';
import type { ImageSize } from '../../../pixels/image.ts';
import { requireSize } from '../requirements.ts';
import { parseAnnotation } from './document.ts';
import type { CocoAnnotation } from './document.ts';
import { fillCocoPolygon } from './polygon.ts';

/** How the annotations of one image become labels. */
export interface CocoPainting {
  readonly size: ImageSize;
  /** The class of each category; others are in no class. */
  readonly classOf: ReadonlyMap<number | string, number>;
  readonly classes: number;
  readonly crowds: boolean | 'unknown';
  readonly path: string;
}

/**
 * Unites the regions of each class, with the pixels of pycocotools' `annToMask`. Of crowds that are `unknown`, the pixels
 * without a single object are.
 *
 * @throws PhalanxError `annotation/malformed`, `annotation/outside-image`, `annotation/size`, `labels/rle`.
 */
export function paintCoco(
  annotations: readonly { readonly index: number; readonly value: unknown }[],
  { size, classOf, classes, crowds, path }: CocoPainting,
): LabelMap {
  const labels = createLabelMap(size.width, size.height, classes);
  const crowded = createLabelMap(size.width, size.height, 1);
  for (const { index, value } of annotations) {
    const where = `${path}, annotations[${index}]`;
    const annotation = parseAnnotation(value, where);
    const classIndex = classOf.get(annotation.category_id);
    const isCrowd = Boolean(annotation.iscrowd);
    if (classIndex === undefined || (crowds === false && isCrowd)) continue;
    const [map, bit] = crowds === 'unknown' && isCrowd ? [crowded, 0] : [labels, classIndex];
    for (const mask of masksOf(annotation, size, where)) paintRuns(map, bit, mask);
  }
  if (crowds !== 'unknown') return labels;
  const unknown = crowded.planes[0]!;
  for (const plane of labels.planes) {
    for (let pixel = 0; pixel < unknown.length; pixel++) if (plane[pixel] !== 0) unknown[pixel] = 0;
  }
  return { ...labels, unknown };
}

function masksOf({ segmentation }: CocoAnnotation, size: ImageSize, where: string): RunMask[] {
  if ('counts' in segmentation) {
    const [height, width] = segmentation.size;
    requireSize({ width, height }, size, where);
    return [parseCocoRle(segmentation, where)];
  }
  return segmentation.map((xy) => polygonMask(xy, size, where));
}

function polygonMask(xy: readonly number[], size: ImageSize, where: string): RunMask {
  const outside = xy.find((value, index) => {
    const side = index % 2 === 0 ? size.width : size.height;
    return !(value >= -side && value <= 2 * side);
  });
  if (outside !== undefined) {
    throw new PhalanxError('annotation/outside-image', {
      what: 'A polygon is far outside the image',
      where,
      expected: `coordinates about ${size.width} × ${size.height}`,
      received: String(outside),
    });
  }
  try {
    return fillCocoPolygon(xy, size);
  } catch (cause) {
    throw new PhalanxError(
      'annotation/malformed',
      { what: 'A polygon cannot be filled', where, received: messageOf(cause) },
      { cause },
    );
  }
}
