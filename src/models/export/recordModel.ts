import * as tf from '@tensorflow/tfjs-core';
import { dropEmptyParts } from '../../engine/graph/dropEmpty.ts';
import { foldConstants } from '../../engine/graph/foldConstants.ts';
import { freeBatch } from '../../engine/graph/freeBatch.ts';
import { recordGraph } from '../../engine/graph/record.ts';
import type { Graph } from '../../engine/graph/record.ts';
import { nativeType } from '../../engine/native.ts';
import type { TensorValues } from '../../engine/native.ts';
import type { TensorFunction } from '../../engine/traceFunction.ts';
import type { SegmentationModel } from '../segmentationModel.ts';

export interface RecordedModel {
  /** From x `[N, inChannels, H, W]` to logits `[N, classes, H, W]`. */
  readonly graph: Graph;
  /** Whether N may be any number; 1 otherwise. */
  readonly anyBatch: boolean;
}

/**
 * What a model computes in inference, its weights as constants.
 *
 * @param size Height and width of the images.
 * @throws PhalanxError `model/input-shape`
 */
export function recordModel(
  model: SegmentationModel,
  [height, width]: readonly [height: number, width: number],
): RecordedModel {
  const infer = (x: tf.Tensor4D): tf.Tensor => {
    const { logits } = model.forward(tf.transpose(x, [0, 2, 3, 1]), { training: false });
    return tf.transpose(logits, [0, 3, 1, 2]);
  };
  const read = new Map<tf.DataId, TensorValues>();
  const record = (batch: number): Graph => {
    const specs = [{ type: nativeType.float32, shape: [batch, model.inChannels, height, width] }];
    return dropEmptyParts(recordGraph(infer as unknown as TensorFunction, { name: 'export', specs, read }));
  };
  // No other size of a model is likely to be one of these primes times another.
  const free = freeBatch(record(1009), record(1013));
  return { graph: foldConstants(free ?? record(1)), anyBatch: free !== undefined };
}
