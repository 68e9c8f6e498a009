import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { resizeBilinear } from '../engine/ops/resize.ts';

/** A transform of test images that is undone on the logits; names as in ttach. */
export type TtaTransform =
  | { readonly name: 'HorizontalFlip' }
  | { readonly name: 'VerticalFlip' }
  | {
      readonly name: 'Scale';
      /** Factors of height and width; 1 is always among them. */
      readonly scales: readonly number[];
    };

/** Test-time augmentation: the model sees every combination of the transforms, as with ttach's `Compose`. */
export interface Tta {
  readonly transforms: readonly TtaTransform[];
  /** What the views' mean is taken of; `logits` by default. */
  readonly mean?: 'logits' | 'probabilities';
}

export const noTta: Tta = { transforms: [] };

type Image = tf.Tensor4D;

/** How one view is made of a batch `[N, H, W, C]`, and its logits brought back. */
interface Step {
  readonly apply: (images: Image) => Image;
  readonly undo: (logits: Image, height: number, width: number) => Image;
}

const horizontalFlip: Step = { apply: (x) => tf.reverse(x, 2), undo: (x) => tf.reverse(x, 2) };
const verticalFlip: Step = { apply: (x) => tf.reverse(x, 1), undo: (x) => tf.reverse(x, 1) };

/** The transform's alternatives, the identity first. */
function alternatives(transform: TtaTransform, sizeMultiple: number): readonly (readonly Step[])[] {
  switch (transform.name) {
    case 'HorizontalFlip':
      return [[], [horizontalFlip]];
    case 'VerticalFlip':
      return [[], [verticalFlip]];
    case 'Scale': {
      const scales = new Set(transform.scales);
      scales.delete(1);
      return [[], ...[...scales].map((scale) => [scaling(scale, sizeMultiple)])];
    }
  }
}

function scaling(scale: number, sizeMultiple: number): Step {
  if (!(scale >= 0.1 && scale <= 10)) {
    throw new PhalanxError('tta/scale', {
      what: 'The test-time scale cannot be used',
      expected: 'a factor from 0.1 to 10',
      received: String(scale),
    });
  }
  const scaled = (side: number): number =>
    Math.max(sizeMultiple, Math.round((side * scale) / sizeMultiple) * sizeMultiple);
  return {
    apply: (x) => resizeBilinear(x, [scaled(x.shape[1]), scaled(x.shape[2])]),
    undo: (logits, height, width) => resizeBilinear(logits, [height, width]),
  };
}

/**
 * The model with test-time augmentation, as a function of tensors that can be compiled: views are made, predicted,
 * brought back and averaged one after another.
 *
 * @param forward `[N, H, W, C]` to logits `[N, H, W, classes]`.
 * @param sizeMultiple of both sides of what `forward` takes; scaled sizes are rounded to it.
 * @throws PhalanxError `tta/scale`.
 */
export function withTta(
  forward: (images: Image) => Image,
  tta: Tta,
  sizeMultiple: number,
): (images: Image) => Image {
  const views = tta.transforms.reduce<readonly (readonly Step[])[]>(
    (products, transform) =>
      products.flatMap((steps) =>
        alternatives(transform, sizeMultiple).map((alternative) => [...steps, ...alternative]),
      ),
    [[]],
  );
  if (views.length === 1) return forward;
  const ofProbabilities = tta.mean === 'probabilities';
  return (images) => {
    let sum: Image | undefined;
    for (const steps of views) {
      const view = forward(steps.reduce((x, step) => step.apply(x), images));
      const back = steps.reduceRight((x, step) => step.undo(x, images.shape[1], images.shape[2]), view);
      const term = ofProbabilities ? tf.sigmoid(back) : back;
      sum = sum === undefined ? term : tf.add(sum, term);
    }
    const mean: Image = tf.mul(sum!, 1 / views.length);
    return ofProbabilities ? logitsOf(mean) : mean;
  };
}

/** Inverse of the sigmoid; probabilities of exactly 0 or 1 become logits of ∓16. */
function logitsOf(probabilities: Image): Image {
  const clipped: Image = tf.clipByValue(probabilities, 1.1e-7, 1 - 1.1e-7);
  return tf.sub(tf.log(clipped), tf.log(tf.sub(1, clipped)));
}
