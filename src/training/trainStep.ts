import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.ts';
import { bytesToFloat, uint8Tensor } from '../engine/bytes.ts';
import { compile } from '../engine/compile.ts';
import type { CompileOptions } from '../engine/compile.ts';
import type { Precision } from '../engine/precision.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import { keepFloat32 } from '../objectives/keepFloat32.ts';
import { lossOfOutput } from '../objectives/losses/loss.ts';
import type { Loss } from '../objectives/losses/loss.ts';
import { partlyKnown } from '../objectives/losses/partlyKnown.ts';
import { blendedLabels } from '../objectives/losses/targets.ts';
import { augmentBatch } from './batchAugmentation.ts';
import type { BatchAugmentation } from './batchAugmentation.ts';
import { clipFactor, globalNorm, scaleOrZero } from './gradients.ts';
import { normalize } from './normalization.ts';
import type { Normalization } from './normalization.ts';
import type { GradientCheckpointing } from './options.ts';
import type { Optimizer, TrainedParameter } from './optimizers/optimizer.ts';
import { createState, disposeState } from './optimizers/state.ts';

export interface TrainStepOptions {
  readonly model: SegmentationModel;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Those the optimizer was built for, in its order. */
  readonly parameters: readonly TrainedParameter[];
  readonly normalization: Normalization;
  readonly precision: Precision;
  /** Largest global norm of the gradients. */
  readonly clipNorm?: number | undefined;
  /** Batches per update. */
  readonly accumulate: number;
  /** Factor of an auxiliary head's loss, of models that do not give it themselves. */
  readonly auxiliaryWeight: number;
  /** Default `none`. */
  readonly gradientCheckpointing?: GradientCheckpointing | undefined;
  /** Default none. */
  readonly batchAugmentation?: BatchAugmentation | undefined;
  /** The class of the batches' labels that says which pixels are unknown: the number of the model's classes. Default none. */
  readonly unknownClass?: number | undefined;
  readonly onTrace?: CompileOptions['onTrace'];
}

export interface StepOutcome {
  /** Mean over the batches of the update. */
  readonly loss: number;
  /** Global norm of the gradients before clipping. */
  readonly gradientNorm: number;
}

/** One update of the model, from bytes to weights inside the engine. */
export interface TrainStep {
  /**
   * Runs forward, loss, gradients and update on `accumulate` batches.
   *
   * With one batch all of it is one TensorFlow function. With more, the gradients' mean is taken over the batches:
   * exactly one large batch for losses that are means over samples (`bce`, `focal`); not for `dice`, whose score is
   * taken over a batch, nor for batch normalization, whose statistics are.
   *
   * Where loss or gradients are not finite, weights, optimizer and the failing batch's statistics stay as they were:
   * what is left is what led to it.
   *
   * @param hyperparameters Of the optimizer, `[K]`.
   * @param seed For dropout and batch augmentation, two 32-bit integers.
   */
  run(batches: readonly Batch[], hyperparameters: Float32Array, seed: Int32Array): Promise<StepOutcome>;
  /** Times the engine traced; grows only when batches change shape. */
  readonly traces: number;
  dispose(): void;
}

/** `shares` is there where the batch may hold blended samples; see `Batch`. */
type Inputs = readonly [
  images: tf.Tensor4D,
  labels: tf.Tensor4D,
  seed: tf.Tensor1D,
  ...shares: tf.Tensor1D[],
];

export function createTrainStep(options: TrainStepOptions): TrainStep {
  return options.accumulate === 1 ? wholeStep(options) : accumulatedStep(options);
}

function wholeStep(options: TrainStepOptions): TrainStep {
  const step = compile(
    (hyperparameters: tf.Tensor1D, ...inputs: Inputs) => {
      const { loss, gradients } = lossAndGradients(options, inputs);
      return { loss, norm: update(options, loss, gradients, hyperparameters) };
    },
    { name: 'trainStep', precision: options.precision, onTrace: options.onTrace },
  );
  return {
    async run([batch], hyperparameters, seed) {
      return outcome(
        await withVector(hyperparameters, (vector) =>
          withBatch(batch!, seed, (...inputs) => step(vector, ...inputs)),
        ),
      );
    },
    get traces() {
      return step.traces;
    },
    dispose: () => step.dispose(),
  };
}

function accumulatedStep(options: TrainStepOptions): TrainStep {
  const { parameters, accumulate, precision, onTrace } = options;
  const sums = createState(parameters, 'gradient');
  const lossSum = tf.tidy(() => tf.variable(tf.scalar(0), false));
  /** Parameters that take part in the loss; known once the first batch was traced. */
  const used = new Set<number>();
  const part = compile(
    (...inputs: Inputs) => {
      const { loss, gradients } = lossAndGradients(options, inputs);
      lossSum.assign(tf.add(lossSum, tf.mul(loss, 1 / accumulate)));
      for (const [index, gradient] of gradients.entries()) {
        if (gradient === undefined) continue;
        used.add(index);
        const sum = sums.variables[index]!;
        sum.assign(tf.add(sum, tf.mul(gradient, 1 / accumulate)));
      }
      return loss;
    },
    { name: 'accumulateStep', precision, onTrace },
  );
  const finish = compile(
    (hyperparameters: tf.Tensor1D) => {
      const loss = tf.clone<tf.Scalar>(lossSum);
      const gradients = sums.variables.map((sum, index) => (used.has(index) ? sum : undefined));
      const norm = update(options, loss, gradients, hyperparameters);
      for (const sum of [lossSum, ...sums.variables]) sum.assign(tf.zerosLike(sum));
      return { loss, norm };
    },
    { name: 'updateStep', precision: 'float32', onTrace },
  );
  return {
    async run(batches, hyperparameters, seed) {
      for (const [index, batch] of batches.entries()) {
        const own = Int32Array.of(seed[0]! ^ index, seed[1]!);
        tf.dispose(await withBatch(batch, own, (...inputs) => part(...inputs)));
      }
      return outcome(await withVector(hyperparameters, (vector) => finish(vector)));
    },
    get traces() {
      return part.traces + finish.traces;
    },
    dispose() {
      part.dispose();
      finish.dispose();
      disposeState(sums);
      lossSum.dispose();
    },
  };
}

/** Inside a traced function: one batch forward and backward; running statistics move only where the loss is finite. */
function lossAndGradients(
  options: TrainStepOptions,
  [bytes, packed, seed, shares]: Inputs,
): { loss: tf.Scalar; gradients: (tf.Tensor | undefined)[] } {
  const { model, loss, parameters, normalization, auxiliaryWeight, gradientCheckpointing, unknownClass } =
    options;
  const [images, labels] = augmentBatch(
    bytesToFloat(bytes) as tf.Tensor4D,
    packed,
    options.batchAugmentation,
    seed,
  );
  const x = normalize(images, normalization);
  const blended = shares === undefined ? labels : blendedLabels(labels, shares);
  const targets = unknownClass === undefined ? blended : partlyKnown(blended, unknownClass);
  const buffers = [...model.namedState()].filter(([, state]) => !state.trainable);
  const before = buffers.map(([, { variable }]) => tf.clone(variable));
  const context = { training: true, seed, recomputeStages: gradientCheckpointing === 'encoder' };
  const { value, grads } = tf.variableGrads(
    () =>
      lossOfOutput(
        loss,
        model.forward(x, context),
        targets,
        model.auxiliaryWeights ?? auxiliaryWeight,
        model.auxiliaryTarget,
      ),
    parameters.map(({ variable }) => variable),
  );
  const finite = tf.isFinite(value);
  for (const [index, [, { variable }]] of buffers.entries()) {
    variable.assign(tf.where(finite, variable, before[index]!));
  }
  // tfjs gives null where a parameter takes no part.
  const gradientOf = grads as Record<string, tf.Tensor | null | undefined>;
  const gradients = parameters.map(({ variable }) => {
    const gradient = gradientOf[variable.name] ?? undefined;
    return gradient && keepFloat32(gradient);
  });
  return { loss: value, gradients };
}

/** Inside a traced function: the optimizer's update, or none where something is not finite. Returns the norm. */
function update(
  { optimizer, clipNorm }: TrainStepOptions,
  loss: tf.Scalar,
  gradients: readonly (tf.Tensor | undefined)[],
  hyperparameters: tf.Tensor1D,
): tf.Scalar {
  const norm = globalNorm(gradients.filter((gradient) => gradient !== undefined));
  const finite = tf.isFinite(tf.add(loss, norm));
  const factor = clipNorm === undefined ? tf.scalar(1) : clipFactor(norm, clipNorm);
  const scale = tf.where(finite, factor, tf.scalar(0));
  const safe = gradients.map((gradient) =>
    gradient === undefined ? undefined : scaleOrZero(gradient, scale),
  );
  optimizer.update(safe, tf.where(finite, hyperparameters, tf.tensor1d(optimizer.standstill)));
  return norm;
}

/** Lends a batch to the engine for as long as `use` runs. */
async function withBatch<R>(
  batch: Batch,
  seed: Int32Array,
  use: (...inputs: Inputs) => Promise<R>,
): Promise<R> {
  const images = uint8Tensor(batch.images, [...batch.imageShape]) as tf.Tensor4D;
  const labels = tf.tensor4d(batch.labels, [...batch.labelShape], 'int32');
  const seeds = tf.tensor1d(seed, 'int32');
  const shares = batch.shares === undefined ? [] : [tf.tensor1d(batch.shares)];
  try {
    return await use(images, labels, seeds, ...shares);
  } finally {
    tf.dispose([images, labels, seeds, ...shares]);
  }
}

async function withVector<R>(values: Float32Array, use: (vector: tf.Tensor1D) => Promise<R>): Promise<R> {
  const vector = tf.tensor1d(values);
  try {
    return await use(vector);
  } finally {
    vector.dispose();
  }
}

async function outcome({ loss, norm }: { loss: tf.Scalar; norm: tf.Scalar }): Promise<StepOutcome> {
  const [[lossValue], [gradientNorm]] = await Promise.all([loss.data(), norm.data()]);
  tf.dispose([loss, norm]);
  return { loss: lossValue!, gradientNorm: gradientNorm! };
}
