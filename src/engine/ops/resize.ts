import type * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp, sizes } from '../op.ts';
import type { Pair } from './pair.ts';

interface Size {
  /** [height, width] */
  readonly size: Pair;
}

const nearestAttributes = [
  attribute.type('T'),
  attribute.bool('align_corners', false),
  attribute.bool('half_pixel_centers', false),
];
const bilinearAttributes = [
  attribute.type('T'),
  attribute.bool('align_corners', false),
  attribute.bool('half_pixel_centers', true),
];

const alignedAttributes = [
  attribute.type('T'),
  attribute.bool('align_corners', true),
  attribute.bool('half_pixel_centers', false),
];

const nearest = defineOp<'x', Size>({
  name: 'ResizeNearest',
  forward: ({ x }, { size }) => [runOp('ResizeNearestNeighbor', nearestAttributes, [x, sizes(size)])],
  saveInputs: ['x'],
  gradient: ([dy], [x]) => ({
    x: () => runOp('ResizeNearestNeighborGrad', nearestAttributes, [dy!, sizes(x!.shape.slice(1, 3))]),
  }),
});

const bilinear = defineOp<'x', Size>({
  name: 'ResizeBilinear',
  forward: ({ x }, { size }) => [runOp('ResizeBilinear', bilinearAttributes, [x, sizes(size)])],
  saveInputs: ['x'],
  gradient: ([dy], [x]) => ({ x: () => runOp('ResizeBilinearGrad', bilinearAttributes, [dy!, x!]) }),
});

const bilinearAligned = defineOp<'x', Size>({
  name: 'ResizeBilinearAligned',
  forward: ({ x }, { size }) => [runOp('ResizeBilinear', alignedAttributes, [x, sizes(size)])],
  saveInputs: ['x'],
  gradient: ([dy], [x]) => ({ x: () => runOp('ResizeBilinearGrad', alignedAttributes, [dy!, x!]) }),
});

/**
 * `x` [N, H, W, C] at `size` [height, width], each pixel taken from floor(position * in / out), as PyTorch's
 * `interpolate(mode='nearest')`.
 */
export function resizeNearest(x: tf.Tensor4D, size: Pair): tf.Tensor4D {
  return nearest({ x }, { size })[0] as tf.Tensor4D;
}

/**
 * `x` [N, H, W, C] at `size` [height, width], linear between pixel centres, as PyTorch's
 * `interpolate(mode='bilinear', align_corners=False)`; not antialiased.
 */
export function resizeBilinear(x: tf.Tensor4D, size: Pair): tf.Tensor4D {
  return bilinear({ x }, { size })[0] as tf.Tensor4D;
}

/**
 * `x` [N, H, W, C] at `size` [height, width], linear between pixel centres, of which the outermost stay where they are,
 * as PyTorch's `interpolate(mode='bilinear', align_corners=True)`.
 */
export function resizeBilinearAligned(x: tf.Tensor4D, size: Pair): tf.Tensor4D {
  return bilinearAligned({ x }, { size })[0] as tf.Tensor4D;
}
