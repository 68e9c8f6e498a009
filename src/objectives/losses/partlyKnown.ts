import * as tf from '@tensorflow/tfjs-core';
import { attribute, runOp } from '../../engine/op.ts';
import { planeCount } from '../../labels/labelMap.ts';
import { keepFloat32 } from '../keepFloat32.ts';
import type { BlendedLabels, KnownTargets, PartlyKnown, Targets } from './targets.ts';

/**
 * Splits off the class of packed labels that says which pixels are unknown. These have no class any more; a pixel that is
 * unknown in one of two blended samples is unknown.
 *
 * @param targets Packed, int32 `[N, H, W, ceil((C + 1) / 32)]`, or those of blended samples.
 * @param classes C; the class with this index is split off.
 */
export function partlyKnown(targets: tf.Tensor4D | BlendedLabels, classes: number): PartlyKnown {
  if (targets instanceof tf.Tensor) {
    const unknown = unknownPixels(targets, classes);
    return { labels: knownClasses(targets, unknown, classes), unknown };
  }
  const [first, second] = [targets.first, targets.second].map((labels) => unknownPixels(labels, classes));
  const unknown = tf.maximum<tf.Tensor4D>(first!, second!);
  const of = (labels: tf.Tensor4D): tf.Tensor4D => knownClasses(labels, unknown, classes);
  return {
    labels: { first: of(targets.first), second: of(targets.second), shares: targets.shares },
    unknown,
  };
}

function unknownPixels(labels: tf.Tensor4D, classes: number): tf.Tensor4D {
  const plane = tf.slice(labels, [0, 0, 0, classes >> 5], [-1, -1, -1, 1]);
  const bit = bitwiseAnd(plane, tf.scalar(1 << (classes & 31), 'int32'));
  return tf.cast(tf.notEqual(bit, tf.scalar(0, 'int32')), 'int32');
}

function knownClasses(labels: tf.Tensor4D, unknown: tf.Tensor4D, classes: number): tf.Tensor4D {
  const planes = planeCount(classes);
  const own = Int32Array.from({ length: planes }, (_, p) =>
    classes >= 32 * (p + 1) ? -1 : (1 << (classes & 31)) - 1,
  );
  const packed = labels.shape[3] === planes ? labels : tf.slice(labels, [0, 0, 0, 0], [-1, -1, -1, planes]);
  // All bits where a pixel is known, none where it is not.
  const known = tf.sub(unknown, tf.scalar(1, 'int32'));
  return bitwiseAnd(bitwiseAnd(packed, tf.tensor1d(own, 'int32')), known);
}

function bitwiseAnd(a: tf.Tensor, b: tf.Tensor): tf.Tensor4D {
  return runOp('BitwiseAnd', [attribute.type('T', 'int32')], [a, b]) as tf.Tensor4D;
}

/** Logits and targets of which unknown pixels add nothing to any sum, nor to any gradient. */
export interface KnownInputs {
  readonly logits: tf.Tensor4D;
  readonly targets: KnownTargets;
  /** Share of the pixels that are known, above 0; undefined where all are. */
  readonly share?: tf.Scalar;
}

/** A probability of exp(-100) is 0 to any sum of pixels in float32, and so is its cross-entropy. */
const certain = -100;

/** Sets the logits of unknown pixels to where all classes are surely absent. */
export function knownInputs(logits: tf.Tensor4D, targets: Targets): KnownInputs {
  if (!('unknown' in targets)) return { logits, targets };
  const unknown = tf.cast(targets.unknown, 'float32');
  const known = tf.sub(1, unknown);
  const masked = tf.add<tf.Tensor4D>(tf.mul(logits, known), tf.mul(unknown, certain));
  const share = tf.maximum<tf.Scalar>(tf.mean(known), 1e-12);
  return { logits: keepFloat32(masked), targets: targets.labels, share };
}
