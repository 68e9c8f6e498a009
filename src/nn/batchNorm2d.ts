import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { applyAfter, batchNormInference, batchNormTraining } from '../engine/ops/batchNorm.ts';
import type { AfterNorm } from '../engine/ops/batchNorm.ts';
import type { Context } from './context.ts';
import { ones, zeroCount, zeros } from './initializers.ts';
import type { Initializer } from './initializers.ts';
import { Layer } from './module.ts';
import { Parameter } from './parameter.ts';

export interface BatchNorm2dOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Weight of the newest batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
  /** Default: ones. */
  readonly weightInitializer?: Initializer;
}

/**
 * `torch.nn.BatchNorm2d`, with its defaults: normalizes by the batch's biased variance
 * while training, keeps a running mean and unbiased variance, and normalizes by those otherwise.
 */
export class BatchNorm2d extends Layer {
  readonly channels: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Parameter;
  readonly runningVariance: Parameter;
  readonly batchesTracked: Parameter;

  constructor(
    channels: number,
    { epsilon = 1e-5, momentum = 0.1, weightInitializer = ones }: BatchNorm2dOptions = {},
  ) {
    super();
    this.channels = channels;
    this.epsilon = epsilon;
    this.momentum = momentum;
    const shape = [channels];
    this.weight = this.register('weight', new Parameter({ shape, initializer: weightInitializer }));
    this.bias = this.register('bias', new Parameter({ shape, initializer: zeros }));
    this.runningMean = this.register(
      'running_mean',
      new Parameter({ shape, initializer: zeros, kind: 'buffer' }),
    );
    this.runningVariance = this.register(
      'running_var',
      new Parameter({ shape, initializer: ones, kind: 'buffer' }),
    );
    this.batchesTracked = this.register(
      'num_batches_tracked',
      new Parameter({ shape: [], initializer: zeroCount, kind: 'buffer', dtype: 'int32' }),
    );
  }

  /**
   * `[N, H, W, channels]` to the same shape.
   *
   * @throws PhalanxError `model/batch-statistics` when training on a single value per channel.
   */
  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.forwardWith(x, { activation: 'none' }, context);
  }

  /** The same with what comes after it, which while training costs no pass over memory of its own. */
  forwardWith(x: tf.Tensor4D, after: AfterNorm, context: Context): tf.Tensor4D {
    const y = context.training ? this.#train(x, after) : applyAfter(this.#infer(x), after);
    context.observe?.(this, x, y);
    return y;
  }

  /** With the running statistics the layer is `x * scale + shift`, each `[channels]`. */
  inferenceAffine(): { readonly scale: tf.Tensor1D; readonly shift: tf.Tensor1D } {
    const deviation = tf.sqrt(tf.add(vector(this.runningVariance), this.epsilon));
    const scale = tf.div<tf.Tensor1D>(vector(this.weight), deviation);
    return { scale, shift: tf.sub(vector(this.bias), tf.mul(vector(this.runningMean), scale)) };
  }

  #infer(x: tf.Tensor4D): tf.Tensor4D {
    return batchNormInference(
      x,
      vector(this.weight),
      vector(this.bias),
      vector(this.runningMean),
      vector(this.runningVariance),
      this.epsilon,
    );
  }

  #train(x: tf.Tensor4D, after: AfterNorm): tf.Tensor4D {
    const values = x.size / this.channels;
    if (values === 1) {
      throw new PhalanxError('model/batch-statistics', {
        what: 'Batch normalization cannot train on one value per channel',
        expected: 'a larger batch or larger images',
        received: `a feature map of shape [${x.shape.join(', ')}]`,
        fix: 'Use a batch size of at least 2, or images larger than the output stride of the encoder',
      });
    }
    const { y, mean, variance } = batchNormTraining(
      x,
      vector(this.weight),
      vector(this.bias),
      this.epsilon,
      after,
    );
    this.#updateRunning(this.runningMean.variable, mean);
    this.#updateRunning(this.runningVariance.variable, variance);
    const { variable } = this.batchesTracked;
    variable.assign(tf.add(variable, tf.scalar(1, 'int32')));
    return y;
  }

  #updateRunning(running: tf.Variable, batch: tf.Tensor): void {
    running.assign(tf.add(tf.mul(running, 1 - this.momentum), tf.mul(batch, this.momentum)));
  }
}

function vector({ variable }: Parameter): tf.Tensor1D {
  return variable as tf.Tensor as tf.Tensor1D;
}
