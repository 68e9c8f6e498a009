import * as tf from '@tensorflow/tfjs-core';
import type { Context } from './context.ts';
import { Module } from './module.ts';
import type { Layer } from './module.ts';

/** A module that maps one volume `[N, D, H, W, C]` to one other. */
export abstract class VolumeLayer extends Module {
  abstract forward(x: tf.Tensor5D, context: Context): tf.Tensor5D;
}

/** The slices of each volume `[N, D, H, W, C]` below each other: `[N, D·H, W, C]`, the same memory. */
export function stackSlices(x: tf.Tensor5D): tf.Tensor4D {
  const [batch, depth, height, width, channels] = x.shape;
  return tf.reshape(x, [batch, depth * height, width, channels]);
}

/** Back from `stackSlices` to volumes of so many slices. */
export function unstackSlices(x: tf.Tensor4D, depth: number): tf.Tensor5D {
  const [batch, rows, width, channels] = x.shape;
  return tf.reshape(x, [batch, depth, rows / depth, width, channels]);
}

/**
 * A layer for images on volumes. Right for those to which it does not matter which pixels are neighbours: elementwise
 * functions, and normalization by the statistics of all pixels.
 */
export function onVolume(layer: Layer, x: tf.Tensor5D, context: Context): tf.Tensor5D {
  return unstackSlices(layer.forward(stackSlices(x), context), x.shape[1]);
}
