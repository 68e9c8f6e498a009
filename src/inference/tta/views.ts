import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../../core/errors.ts';
import { resizeBilinear, resizeNearest } from '../../engine/ops/resize.ts';
import { others } from './options.ts';
import type { TtaTransform } from './options.ts';

/** Normalized images `[N, H, W, C]` to logits `[N, H, W, classes]`. */
export type Forward = (images: tf.Tensor4D) => tf.Tensor4D;

/** Makes of a model the one that sees another view of the image and answers for the image itself. */
type View = (forward: Forward) => Forward;

const identity: View = (forward) => forward;

/** A view that is made by `apply`, and undone by `undo` for images of the given size. */
function view(
  apply: (images: tf.Tensor4D) => tf.Tensor4D,
  undo: (logits: tf.Tensor4D, size: [height: number, width: number]) => tf.Tensor4D,
): View {
  return (forward) => (images) => undo(forward(apply(images)), [images.shape[1], images.shape[2]]);
}

function reversed(axis: 1 | 2): View {
  const reverse = (x: tf.Tensor4D): tf.Tensor4D => tf.reverse(x, axis);
  return view(reverse, reverse);
}

/** `torch.rot90` in the plane of height and width: quarter turns counter-clockwise. */
function turned(x: tf.Tensor4D, quarters: number): tf.Tensor4D {
  switch (quarters) {
    case 1:
      return tf.reverse(tf.transpose(x, [0, 2, 1, 3]), 1);
    case 2:
      return tf.reverse(x, [1, 2]);
    case 3:
      return tf.transpose(tf.reverse(x, 1), [0, 2, 1, 3]);
    default:
      return x;
  }
}

/**
 * The transform's alternatives, the one that changes nothing first.
 *
 * @param sizeMultiple of both sides of what the model takes.
 * @throws PhalanxError `tta/size`.
 */
export function alternatives(transform: TtaTransform, sizeMultiple: number): readonly View[] {
  switch (transform.name) {
    case 'HorizontalFlip':
      return [identity, reversed(2)];
    case 'VerticalFlip':
      return [identity, reversed(1)];
    case 'Rotate90':
      return [
        identity,
        ...others(transform.angles, 0).map((angle) =>
          view(
            (x) => turned(x, angle / 90),
            (logits) => turned(logits, 4 - angle / 90),
          ),
        ),
      ];
    case 'Scale': {
      const resize = transform.interpolation === 'nearest' ? resizeNearest : resizeBilinear;
      const scaled = (length: number, scale: number): number =>
        Math.max(sizeMultiple, Math.round((length * scale) / sizeMultiple) * sizeMultiple);
      return [
        identity,
        ...others(transform.scales, 1).map((scale) =>
          view((x) => resize(x, [scaled(x.shape[1], scale), scaled(x.shape[2], scale)]), resize),
        ),
      ];
    }
    case 'Resize': {
      const resize = transform.interpolation === 'nearest' ? resizeNearest : resizeBilinear;
      return [
        identity,
        ...transform.sizes.map(({ height, width }) => {
          requireMultiple('Resize', [height, width], sizeMultiple);
          return view((x) => resize(x, [height, width]), resize);
        }),
      ];
    }
    case 'Add':
      return [
        identity,
        ...others(transform.values, 0).map((value) => view((x) => tf.add(x, value), unchanged)),
      ];
    case 'Multiply':
      return [
        identity,
        ...others(transform.factors, 1).map((factor) => view((x) => tf.mul(x, factor), unchanged)),
      ];
    case 'FiveCrops':
      requireMultiple('FiveCrops', [transform.cropHeight, transform.cropWidth], sizeMultiple);
      return [(forward) => (images) => inCrops(images, forward, transform)];
  }
}

const unchanged = (logits: tf.Tensor4D): tf.Tensor4D => logits;

/** Corners and centre by themselves; where crops overlap, the mean of their logits. */
function inCrops(
  images: tf.Tensor4D,
  forward: Forward,
  { cropHeight, cropWidth }: { readonly cropHeight: number; readonly cropWidth: number },
): tf.Tensor4D {
  const [, height, width] = images.shape;
  requireCover('height', cropHeight, height);
  requireCover('width', cropWidth, width);
  const [bottom, right] = [height - cropHeight, width - cropWidth];
  // As ttach takes the centre.
  const top = (height >> 1) - (cropHeight >> 1);
  const left = (width >> 1) - (cropWidth >> 1);
  const corners: [number, number][] = [[0, 0], [bottom, 0], [bottom, right], [0, right], [top, left]]; // prettier-ignore
  const places = corners.map(
    ([y, x]): [[number, number], [number, number], [number, number], [number, number]] => [
      [0, 0],
      [y, height - cropHeight - y],
      [x, width - cropWidth - x],
      [0, 0],
    ],
  );
  const answers = corners.map(([y, x], i) => {
    const crop = tf.slice(images, [0, y, x, 0], [-1, cropHeight, cropWidth, -1]);
    return tf.pad(forward(crop), places[i]!);
  });
  const ones = tf.ones<tf.Rank.R4>([1, cropHeight, cropWidth, 1]);
  const counts = places.map((place) => tf.pad(ones, place));
  return tf.div(tf.addN(answers), tf.addN(counts));
}

function requireCover(side: string, crop: number, length: number): void {
  if (crop <= length && 2 * crop >= length) return;
  throw new PhalanxError('tta/size', {
    what: 'Five crops do not make up the image',
    where: `FiveCrops, ${side}`,
    expected: `from ${Math.ceil(length / 2)} to ${length} pixels`,
    received: `${crop}`,
  });
}

function requireMultiple(name: string, sides: readonly number[], sizeMultiple: number): void {
  if (sides.every((length) => length % sizeMultiple === 0)) return;
  throw new PhalanxError('tta/size', {
    what: 'The model cannot take images of the size of a view',
    where: name,
    expected: `sides that are multiples of ${sizeMultiple}`,
    received: sides.join(' × '),
  });
}
