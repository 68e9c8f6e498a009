import { z } from 'zod';
import { mixingSchema } from '../augment/mixing/spec.ts';
import { offlineSettingsSchema } from '../augment/offline/options.ts';
import { transformSchema } from '../augment/spec.ts';
import type { TransformSpec } from '../augment/spec.ts';
import { formatSchema } from '../data/formats/options.ts';
import { decoderSchema } from '../models/decoders/options.ts';
import { encoderSchema } from '../models/encoders/options.ts';
import { encoderDefect, paddingDefect } from '../models/modelSchema.ts';
import type { ModelOptions } from '../models/modelSchema.ts';
import { maxChannels } from '../pixels/image.ts';
import { combinations } from '../inference/ensemble/combination.ts';
import { postProcessSchema } from '../inference/postProcess/spec.ts';
import { ttaSchema } from '../inference/tta/options.ts';
import { inferenceSchema } from '../inference/windows/options.ts';
import { lossSchema } from '../objectives/losses/loss.ts';
import { labelInterpolations } from '../pixels/resize.ts';
import { batchAugmentationSchema } from '../training/batchAugmentation.ts';
import { imageNormalizations } from '../training/normalization.ts';
import { optimizerSchema } from '../training/optimizers/build.ts';
import { scheduleSchema } from '../training/schedules.ts';
import { channelsDefect, isPicture, refuseChannels } from './channels.ts';
import { memberSchema } from './memberSchema.ts';
import { samplingSchema } from './samplingSchema.ts';
import { weightSearchSchema } from './weightSearchSchema.ts';

const side = z.int().min(32).max(16384);
const text = z.string().min(1);

const dataFields = z.strictObject({
  /** Layout of the dataset on disk: `hand-bone`, or another by its `name` and options. */
  format: formatSchema.default('hand-bone'),
  /** Folder of the dataset, from the folder the command runs in. */
  root: text,
  /** Side of the square images that the model sees, or both sides; pixels. */
  imageSize: z.union([side, z.strictObject({ width: side, height: side })]),
  /**
   * Channels that the model sees: 1 or 3 of grey and colour images, grey ones repeated to three; as many as there are
   * slices and modalities where `format` stacks them.
   */
  channels: z.int().min(1).max(maxChannels).default(3),
  /** How images are brought to `imageSize`. */
  interpolation: z.enum(['area', 'linear', 'nearest']).default('area'),
  /** How labels are: `nearest` takes one pixel's classes, `area` those that cover at least half of the new pixel. */
  labelInterpolation: z.enum(labelInterpolations).default('nearest'),
  /**
   * What images are normalized by: mean and deviation per channel, on the scale where 255 is 1 (default: ImageNet's
   * three, or their averages where there are not three channels), or, `per` image, what each contains.
   */
  normalization: z
    .union([
      z.strictObject({ mean: z.array(z.number()), std: z.array(z.number().positive()) }),
      z.strictObject({
        per: z.enum(imageNormalizations),
        /** Of `percentile`: which become 0 and 1. */
        percentiles: z
          .tuple([z.number().min(0).max(100), z.number().min(0).max(100)])
          .readonly()
          .optional(),
      }),
    ])
    .optional(),
  /** How people are dealt into folds. */
  folds: z
    .strictObject({
      /** Each fold validates on its share of the people and trains on the rest. */
      count: z.int().min(2).max(100).default(5),
      /** What every fold gets its share of. */
      stratify: z.enum(['sex', 'none']).default('sex'),
      /** Of the dealing; not the seed of training, so that runs stay comparable. */
      seed: z.int().nonnegative().default(0),
    })
    .prefault({}),
  /** Folders written by `phalanx augment offline`; a child trains where all its parents do. */
  offline: z.array(text).default([]),
  /**
   * Further datasets of the same classes: trained on in every fold, never validated on. Their people count as
   * others; images and people are named `<name>/<their name>`.
   */
  further: z
    .array(
      z.strictObject({
        /** What it is called in `training.sampling.sources`. */
        name: text.regex(/^[\w-]+$/, 'letters, digits and dashes only'),
        /** Folder of the dataset. */
        root: text,
        /** Its layout, where it is not that of the main dataset. */
        format: formatSchema.optional(),
      }),
    )
    .default([]),
  /** People left out of training and validation. */
  exclude: z.array(text).default([]),
});

const dataSchema = dataFields.superRefine(({ channels, format, normalization, offline }, context) => {
  const message = channelsDefect(channels, format);
  if (message !== undefined) context.addIssue({ code: 'custom', path: ['channels'], message });
  if (offline.length > 0 && !isPicture(channels)) {
    const message = `images made offline have 1 or 3 channels, and data.channels is ${channels}`;
    context.addIssue({ code: 'custom', path: ['offline'], message });
  }
  if (normalization === undefined) return;
  if ('per' in normalization) {
    const [low, high] = normalization.percentiles ?? [0, 100];
    if (low < high) return;
    const path = ['normalization', 'percentiles'];
    context.addIssue({ code: 'custom', path, message: 'the first must be below the second' });
    return;
  }
  for (const key of ['mean', 'std'] as const) {
    if (normalization[key].length === channels) continue;
    context.addIssue({
      code: 'custom',
      path: ['normalization', key],
      message: `must have as many numbers as there are channels, ${channels}`,
    });
  }
});

const trainingSchema = z.strictObject({
  /** How long: passes over the training images, or updates of the weights. */
  length: z.union([
    z.strictObject({ epochs: z.int().min(1).max(100_000) }),
    z.strictObject({ steps: z.int().min(1).max(100_000_000) }),
  ]),
  /** Images per step. */
  batchSize: z.int().min(1).max(4096),
  /** Which images an epoch shows. Default: each once, in an order that differs from epoch to epoch. */
  sampling: samplingSchema.optional(),
  /** Batches per update. */
  accumulate: z.int().min(1).max(4096).default(1),
  /** Largest global norm of the gradients. */
  clipNorm: z.number().positive().optional(),
  /** `auto`: bfloat16 where the processor has instructions for it. */
  precision: z.enum(['auto', 'float32', 'bfloat16']).default('auto'),
  /** Epochs between two validations. */
  validateEvery: z.int().min(1).default(1),
  /** Images in a batch of validation and prediction; default: `batchSize`. */
  validationBatchSize: z.int().min(1).max(4096).optional(),
  /** Validations without a better Dice after which training stops. */
  patience: z.int().min(1).optional(),
  /** Updates between two checkpoints within an epoch. */
  checkpointEvery: z.int().min(1).optional(),
  /** Weight of an auxiliary head's loss; deep supervision has weights of its own. */
  auxiliaryWeight: z.number().min(0).default(0.5),
  /**
   * What is computed again in the backward pass instead of being kept for it: memory for time. `encoder`: the inside of
   * each stage of the encoder.
   */
  gradientCheckpointing: z.enum(['none', 'encoder']).default('none'),
  /** What the engine does to every training batch inside the step, on its device, after `augmentation` and `mixing`. */
  batchAugmentation: batchAugmentationSchema.optional(),
  /** Start the output's bias at each class's share of foreground. */
  outputPrior: z.boolean().default(true),
});

const engineSchema = z.strictObject({
  /**
   * `auto`, `cpu`, `gpu` or `gpu:N`. `auto`: the first GPU that the engine can use, else the processor; `gpu:1` is
   * the second GPU.
   */
  device: z
    .union([z.enum(['auto', 'cpu', 'gpu']), z.templateLiteral(['gpu:', z.int().min(0).max(999)])])
    .default('auto'),
  /** Take a GPU's memory as it is needed, not nearly all of it at once. */
  memoryGrowth: z.boolean().default(true),
  /** The largest share of the GPU's memory that is taken. Default: nearly all. */
  memoryFraction: z.number().positive().max(1).optional(),
  /** Threads that compute. Default: as many as the machine offers. */
  threads: z.int().min(1).max(1024).optional(),
});

const offlineSchema = offlineSettingsSchema.safeExtend({
  /** Where `phalanx augment offline` writes; list it in `data.offline` to train on it. */
  directory: text,
});

const trackingSchema = z.strictObject({
  /** A server that gets the run's record too; also on when `MLFLOW_TRACKING_URI` is set. */
  mlflow: z
    .strictObject({
      /** Address of the server. Default: `MLFLOW_TRACKING_URI`. */
      uri: z.url().optional(),
      /** Default: the experiment's name. */
      experiment: text.optional(),
    })
    .optional(),
});

const modelFields = z.strictObject({
  /** What turns an encoder's features into logits, or a whole network. */
  decoder: decoderSchema,
  /** What turns an image into features; none for a decoder that is a whole network. */
  encoder: encoderSchema.optional(),
  /** A `.safetensors` file to start from, under PyTorch's names. */
  weights: text.optional(),
});

const modelSchema = modelFields.superRefine(({ decoder, encoder }, context) => {
  const refuse = (path: string[], message: string | undefined): void => {
    if (message !== undefined) context.addIssue({ code: 'custom', path, message });
  };
  refuse(['encoder'], encoderDefect(decoder.name, encoder));
  refuse(['decoder', 'padding'], paddingDefect(decoder));
});

const experimentFields = z.strictObject({
  /** Why it is made; one line. */
  description: z.string().optional(),
  data: dataSchema,
  model: modelSchema,
  loss: lossSchema,
  optimizer: optimizerSchema,
  schedule: scheduleSchema,
  /** Applied to training images in order, each with its own probability. */
  augmentation: z.array(transformSchema).default([]),
  /** Training images mixed with others of their fold, in order, each with its own probability, after `augmentation`. */
  mixing: mixingSchema.default([]),
  offline: offlineSchema.optional(),
  training: trainingSchema,
  /** What the model is shown of an image at once when it predicts. Default: the whole image; so validation always does. */
  inference: inferenceSchema.optional(),
  tracking: trackingSchema.prefault({}),
  /** What computes; a run may be resumed with other settings of it. */
  engine: engineSchema.prefault({}),
  /** Of everything random: first weights, order of images, augmentation, dropout. */
  seed: z.int().nonnegative().default(0),
});

/** Everything that affects an experiment's results, and where it is computed; see `defineExperiment`. */
export const experimentSchema = experimentFields.superRefine(refuseChannels);

/** An experiment with every default filled in; `config.json` of a run. */
export type Experiment = z.output<typeof experimentSchema>;

type Declared = z.input<typeof experimentSchema>;

/** A pair of decoder and encoder that fit each other; channels and classes come from the data. */
type ModelDeclaration = ModelOptions extends infer Options
  ? Options extends ModelOptions
    ? Omit<Options, 'inChannels' | 'classes'> & Pick<Declared['model'], 'weights'>
    : never
  : never;

/** An experiment as a person declares it; what has a default may be left out. */
export type ExperimentDeclaration = Readonly<
  Omit<Declared, 'model' | 'augmentation'> & {
    model: ModelDeclaration;
    augmentation?: readonly TransformSpec[] | undefined;
  }
>;

/** How a dataset lies on disk, as a person declares it in `data.format`. */
export type DataFormat = NonNullable<Declared['data']['format']>;

const threshold = z.number().gt(0).lt(1);

const ensembleFields = z.strictObject({
  /** Why it is made; one line. */
  description: z.string().optional(),
  /** Name of the CSV in `submissions/`. */
  output: text.regex(/^[\w.-]+$/, 'letters, digits, dots, dashes and underscores only'),
  /** What is joined. */
  members: z.array(memberSchema).min(1),
  /**
   * How, at the image's own size: the mean of `logits` or `probabilities`, the `geometric` mean of probabilities, the
   * mean of each member's `rank` of a pixel, or a majority `vote`; all by weight.
   */
  combine: z.enum(combinations).default('logits'),
  /**
   * Views of each image that are predicted and merged: `none`, `hflip` (the image and its mirror image), `vflip`, `flip`
   * (both), `d4` (also turned by quarters), or transforms of one's own, of which the model sees every combination.
   */
  tta: ttaSchema.default('hflip'),
  /**
   * Probability above which a pixel belongs to a class: one number, by class (0.5 where one is not named), or
   * `search`: found on the images that the members' fold held out, and kept where its gain carries over.
   */
  threshold: z.union([threshold, z.record(text, threshold), z.literal('search')]).default(0.5),
  /** What is done to the masks of a class, by its name. */
  postProcess: z.record(text, postProcessSchema).default({}),
  /**
   * Weights, thresholds and post-processing found on the images that the members' folds held out, or those of a file
   * that a search wrote. Nothing of them is declared then.
   */
  weights: weightSearchSchema.optional(),
});

/** See `defineEnsemble`. */
export const ensembleSchema = ensembleFields.superRefine((ensemble, context) => {
  if (ensemble.weights === undefined) return;
  const refuse = (path: (string | number)[], isDeclared: boolean): void => {
    if (isDeclared) context.addIssue({ code: 'custom', path, message: 'cannot be given with "weights"' });
  };
  refuse(['threshold'], ensemble.threshold !== 0.5);
  refuse(['postProcess'], Object.keys(ensemble.postProcess).length > 0);
  for (const [m, { weight, classes }] of ensemble.members.entries()) {
    refuse(['members', m, 'weight'], weight !== 1);
    refuse(['members', m, 'classes'], classes !== undefined);
  }
});

/** An ensemble with every default filled in. */
export type Ensemble = z.output<typeof ensembleSchema>;

/** An ensemble as a person declares it. */
export type EnsembleDeclaration = Readonly<z.input<typeof ensembleSchema>>;
