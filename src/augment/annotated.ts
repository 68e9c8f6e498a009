import { PhalanxError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Sample } from '../data/dataset.ts';
import type { ImageSize } from '../pixels/image.ts';
import { boxOf, cornersOf, movedBox, visibleBox } from './boxes.ts';
import type { BoxNumbers, BoxOptions } from './boxes.ts';
import { transformWith } from './build.ts';
import type { Move } from './move.ts';
import type { Point } from './perspectiveMatrix.ts';
import { movedPoint } from './points.ts';
import type { ResolvedTransform, TransformSpec } from './spec.ts';
import { parseTransform } from './spec.ts';

/** A sample with what is marked in it. */
export interface AnnotatedSample extends Sample {
  /** x and y, pixels, the centre of the first pixel at (0, 0). */
  readonly keypoints?: readonly Point[];
  /** In the format of `AnnotatedOptions.boxes`. */
  readonly boxes?: readonly BoxNumbers[];
}

export interface AnnotatedOptions {
  /** Drop keypoints that a transform takes out of the image (albumentations' `remove_invisible`). Default true. */
  readonly removeInvisible?: boolean;
  /** Needed for boxes. */
  readonly boxes?: BoxOptions;
}

export interface TransformedAnnotations extends Required<AnnotatedSample> {
  /** Which of the given keypoints the ones that are left were. */
  readonly keypointIndices: readonly number[];
  /** Which of the given boxes the ones that are left were. */
  readonly boxIndices: readonly number[];
}

/** Transforms a sample with its keypoints and boxes. */
export type AnnotatedTransform = (sample: AnnotatedSample, random: Random) => Promise<TransformedAnnotations>;

/**
 * As `buildTransform`, for samples with keypoints and boxes, with albumentations' conventions: points and boxes that left the
 * image are dropped after each transform, boxes are cut off at its edges, a turned box becomes the upright one around it.
 * Unlike there, a border that reflects adds no mirrored points, and through distortions points are traced exactly.
 *
 * @throws PhalanxError `augment/invalid`, or `augment/points` for a jimp operation, of which nobody knows where points go,
 *   and for boxes without a format.
 */
export function buildAnnotatedTransform(
  spec: TransformSpec,
  { removeInvisible = true, boxes: boxOptions }: AnnotatedOptions = {},
): AnnotatedTransform {
  const resolved = parseTransform(spec);
  refuseJimp(resolved);
  return async ({ keypoints = [], boxes = [], ...sample }, random) => {
    if (boxes.length > 0 && boxOptions === undefined) throw withoutFormat();
    const format = boxOptions?.format ?? 'pascal_voc';
    let points = keypoints.map((point, index) => ({ point, index }));
    let corners = boxes.map((box, index) => ({ box: cornersOf(box, format, sample.image), index }));
    const follow = (moves: readonly Move[], from: ImageSize, to: ImageSize): void => {
      points = points
        .map(({ point, index }) => ({ point: movedPoint(moves, from, point, 'centres'), index }))
        .filter(
          ({ point: [x, y] }) => !removeInvisible || (x >= 0 && y >= 0 && x < to.width && y < to.height),
        );
      corners = corners.flatMap(({ box, index }) => {
        const visible = visibleBox(movedBox(moves, from, box), to, boxOptions ?? { format });
        return visible === undefined ? [] : [{ box: visible, index }];
      });
    };
    const { image, labels } = await transformWith(resolved, sample, random, follow);
    return {
      image,
      labels,
      keypoints: points.map(({ point }) => point),
      keypointIndices: points.map(({ index }) => index),
      boxes: corners.map(({ box }) => boxOf(box, format, image)),
      boxIndices: corners.map(({ index }) => index),
    };
  };
}

function refuseJimp(transform: ResolvedTransform): void {
  if ('transforms' in transform) transform.transforms.forEach(refuseJimp);
  else if (transform.name === 'Jimp') {
    throw new PhalanxError('augment/points', {
      what: 'Keypoints and boxes cannot follow an operation of jimp',
      received: transform.method,
      fix: 'Use the transform of the same effect, such as Rotate, Resize or HorizontalFlip',
    });
  }
}

function withoutFormat(): PhalanxError {
  return new PhalanxError('augment/points', {
    what: 'Boxes are given without their format',
    expected: "boxes: { format: 'pascal_voc' }, or coco, yolo or albumentations",
    fix: 'Name the format where the transform is built',
  });
}
