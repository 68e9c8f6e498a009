import type * as tf from '@tensorflow/tfjs-core';
import type { Conv3d } from '../../nn/conv3d.ts';
import { DenseModel } from '../denseModel.ts';

// A type, not an interface, so that it is a tfjs tensor container.
export type VolumeOutput = {
  /** `[N, D, H, W, classes]` at the size of the input, less the model's margin on every side. */
  readonly logits: tf.Tensor5D;
};

/** A network on volumes `[N, D, H, W, inChannels]` that gives every voxel one logit per class. */
export abstract class VolumeModel extends DenseModel<tf.Tensor5D, VolumeOutput> {
  protected override readonly subject = {
    one: 'volume',
    many: 'volumes',
    sides: 'depth, height and width',
  };
  /** The convolution that writes logits. */
  abstract readonly outputs: readonly [Conv3d];
}
