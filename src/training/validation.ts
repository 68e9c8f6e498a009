import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import type { Batch } from '../data/batch.ts';
import { bytesToFloat, uint8Tensor } from '../engine/bytes.ts';
import { compile } from '../engine/compile.ts';
import type { TraceReport } from '../engine/compile.ts';
import type { Precision } from '../engine/precision.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { countAgreement } from '../labels/overlap.ts';
import { logitOf, upsampleThresholdPack } from '../labels/upsample.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import { DiceAccumulator } from '../objectives/diceScore.ts';
import { lossOfOutput } from '../objectives/losses/loss.ts';
import { partlyKnown } from '../objectives/losses/partlyKnown.ts';
import type { Loss } from '../objectives/losses/loss.ts';
import { normalize } from './normalization.ts';
import type { Normalization } from './normalization.ts';

export interface ValidationOptions {
  readonly model: SegmentationModel;
  readonly loss: Loss;
  /** Class names, in the order of the model's channels. */
  readonly classes: readonly string[];
  /** Every image once, as it is at the model's size; the last batch may be smaller than the others. */
  readonly batches: () => AsyncIterable<Batch>;
  /** Number of images. */
  readonly images: number;
  /** The annotation at the image's own size; unknown pixels are not scored. */
  readonly truth: (id: string) => Promise<LabelMap>;
  readonly normalization: Normalization;
  /** The class of the batches' labels that says which pixels are unknown: the number of classes. Default none. */
  readonly unknownClass?: number | undefined;
  /** Default `auto`. */
  readonly precision?: Precision;
  /** Probability from which a pixel belongs to a class. Default 0.5. */
  readonly threshold?: number;
}

export interface ValidationProgress {
  /** Images. */
  readonly done: number;
  readonly total: number;
}

export interface ValidationResult {
  /** At the model's size, mean over images. */
  readonly loss: number;
  /** As the competition scores: full resolution, mean over images for each class, then over classes. */
  readonly meanDice: number;
  /** By class name. */
  readonly perClass: Readonly<Record<string, number>>;
  /** Dice of each image and class, in the order of the batches; `dice` is `[classes]`. */
  readonly perImage: readonly { readonly id: string; readonly dice: Float64Array }[];
}

export interface ValidationRun {
  /** Cancels the batch in the engine; the run then throws `engine/aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each trace: one for whole batches, another for a smaller last one, and none in later runs. */
  readonly onTrace?: (report: TraceReport) => void;
}

/** Scores a model; may be run again as training goes on. */
export interface Validation {
  /**
   * @throws PhalanxError `loss/probabilities` when the model gives probabilities where logits belong;
   *   `engine/aborted`.
   */
  run(options?: ValidationRun): AsyncGenerator<ValidationProgress, ValidationResult>;
  dispose(): void;
}

/**
 * A validation of the model as it is at each run: forward in the engine at the model's size, then, off the
 * JavaScript thread while the engine works on the next batch, logits brought to the annotation's own size,
 * thresholded and counted against it.
 */
export function createValidation(options: ValidationOptions): Validation {
  const { model, loss, normalization, precision = 'auto', classes, threshold = 0.5, unknownClass } = options;
  const thresholds = new Float32Array(classes.length).fill(logitOf(threshold));
  let onTrace: ValidationRun['onTrace'];
  const forward = compile(
    (images: tf.Tensor4D, labels: tf.Tensor4D) => {
      const x = normalize(bytesToFloat(images) as tf.Tensor4D, normalization);
      const { logits } = model.forward(x, { training: false });
      const targets = unknownClass === undefined ? labels : partlyKnown(labels, unknownClass);
      return { logits, loss: lossOfOutput(loss, { logits }, targets) };
    },
    { name: 'validation', precision, onTrace: (report) => onTrace?.(report) },
  );

  async function compute(
    batch: Batch,
    signal: AbortSignal | undefined,
  ): Promise<{ logits: Float32Array; loss: number }> {
    const images = uint8Tensor(batch.images, [...batch.imageShape]);
    const labels = tf.tensor4d(batch.labels, [...batch.labelShape], 'int32');
    try {
      const output = await forward.withSignal(signal)(images as tf.Tensor4D, labels);
      const logits = (await output.logits.data()) as Float32Array;
      const [value] = await output.loss.data();
      tf.dispose([output.logits, output.loss]);
      return { logits, loss: value! };
    } finally {
      tf.dispose([images, labels]);
    }
  }

  async function score(batch: Batch, logits: Float32Array, dice: DiceAccumulator): Promise<Float64Array[]> {
    const [, height, width] = batch.imageShape;
    const size = height * width * classes.length;
    const scores: Float64Array[] = [];
    for (const [index, id] of batch.ids.entries()) {
      const truth = await options.truth(id);
      const data = logits.subarray(index * size, (index + 1) * size);
      const predicted = await upsampleThresholdPack(
        { width, height, classes: classes.length, data },
        { width: truth.width, height: truth.height, thresholds },
      );
      scores.push(dice.add(await countAgreement(predicted, truth)));
    }
    return scores;
  }

  return {
    async *run({ signal, onTrace: report } = {}) {
      onTrace = report;
      const dice = new DiceAccumulator(classes.length);
      const perImage: { id: string; dice: Float64Array }[] = [];
      let lossSum = 0;
      let scoring: Promise<void> | undefined;
      try {
        for await (const batch of options.batches()) {
          const { logits, loss: value } = await compute(batch, signal);
          if (scoring === undefined) refuseProbabilities(logits);
          // The engine is free again; the batch before has been scored meanwhile.
          await scoring;
          if (perImage.length > 0) yield { done: perImage.length, total: options.images };
          lossSum += value * batch.ids.length;
          scoring = score(batch, logits, dice).then((scores) => {
            for (const [index, id] of batch.ids.entries()) perImage.push({ id, dice: scores[index]! });
          });
          // Awaited one batch later; until then a rejection must not count as unhandled.
          scoring.catch(() => undefined);
        }
        await scoring;
      } finally {
        await scoring?.catch(() => undefined);
      }
      yield { done: perImage.length, total: options.images };
      const { mean, perClass } = dice.summary();
      return {
        loss: lossSum / perImage.length,
        meanDice: mean,
        perClass: Object.fromEntries(classes.map((name, c) => [name, perClass[c]!])),
        perImage,
      };
    },
    dispose: () => forward.dispose(),
  };
}

/** A sigmoid too many makes losses fall below what they mean; logits never stay between 0 and 1 by themselves. */
function refuseProbabilities(logits: Float32Array): void {
  if (!logits.every((value) => value > 0 && value < 1)) return;
  throw new PhalanxError('loss/probabilities', {
    what: "All of the model's outputs lie between 0 and 1, so they are probabilities",
    expected: 'logits, which the loss and the threshold turn into probabilities themselves',
    fix: 'Leave out the sigmoid at the end of the model',
  });
}
