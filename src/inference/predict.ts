import { PhalanxError } from '../core/errors.ts';
import type { SampleEntry } from '../data/dataset.ts';
import { readPngSize } from '../data/imageFile.ts';
import { precisionWarning } from '../engine/precision.ts';
import { startedEngine } from '../engine/running.ts';
import type { Image, ImageSize } from '../pixels/image.ts';
import { ModelInWork } from './modelInWork.ts';
import type { ImageInfo } from './modelInWork.ts';
import { planPrediction } from './openImages.ts';
import type { OpenImages } from './openImages.ts';
import type { PredictedModel } from './predictedModel.ts';
import { provenanceOf, sizeOf } from './provenance.ts';
import { Throughput } from './throughput.ts';
import type { Rates } from './throughput.ts';
import { windowPlaces } from './windows/places.ts';
import type { Inference } from './windows/options.ts';
import { windowBatches } from './windows/windowBatches.ts';
import type { PlacedWindow } from './windows/windowBatches.ts';

/** An image at the size that it is predicted at. */
export interface PredictedImage {
  /** Of its entry. */
  readonly id: string;
  readonly image: Image;
}

export interface PredictOptions {
  readonly models: readonly PredictedModel[];
  /** Class names, in the order of the models' channels. */
  readonly classes: readonly string[];
  /** Size that images are predicted at; `original`: whatever size they come in, which needs windows. */
  readonly imageSize: ImageSize | 'original';
  /** Default: each image as a whole. */
  readonly inference?: Inference;
  /** Images, or windows of them, that a model sees at once. */
  readonly batchSize: number;
  /** The given images, each once, in any order, a few at once; they stay in memory until the next are asked for. */
  readonly images: (entries: readonly SampleEntry[]) => AsyncIterable<readonly PredictedImage[]>;
  /** Size that the logits will be upsampled to; by default what the image file says. */
  readonly originalSize?: (entry: SampleEntry) => Promise<ImageSize>;
  /** Whether logits that were made in another way are replaced; otherwise they are an error. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type PredictionEvent =
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'started';
      /** Files in all: one for each image and model. */
      readonly total: number;
      /** Files that are there already. */
      readonly kept: number;
    }
  | ({
      readonly type: 'progress';
      /** Files, with those kept. */
      readonly done: number;
      readonly total: number;
      /** Size of the files written so far. */
      readonly bytes: number;
    } & Rates)
  | {
      readonly type: 'finished';
      readonly written: number;
      readonly kept: number;
      readonly bytes: number;
      readonly seconds: number;
    };

/**
 * Predicts images into logit stores, one for each model, in one pass: an image is decoded once, and one model works on it
 * after another. The engine works on one batch while the logits of the one before are joined, packed and written; of
 * logits, two batches and one image are in memory. Leaving the loop or aborting keeps every file written, and the same
 * call then goes on from there.
 *
 * @throws PhalanxError `logits/not-finite` naming model, image and class, `predict/other-logits`, `predict/window`,
 *   `predict/too-large`, `file/write`, `predict/batch` when the images are not those asked for, what loading and the
 *   engine throw; the signal's reason.
 */
export async function* predict(options: PredictOptions): AsyncGenerator<PredictionEvent> {
  const { models, imageSize, inference = { mode: 'whole' }, overwrite = false, signal } = options;
  const started = performance.now();
  const window = windowOf(inference, imageSize);
  const provenances = models.map((model) => provenanceOf(model, imageSize, inference));
  const { open, total, kept, warnings } = await planPrediction(models, provenances, overwrite, signal);
  yield { type: 'started', total, kept };
  for (const message of warnings) yield { type: 'warning', message };
  const throughput = new Throughput(kept, total);
  if (open.length > 0) {
    const { info } = startedEngine();
    const precisions = new Set(models.map(({ precision = 'auto' }) => precisionWarning(precision, info)));
    for (const message of precisions) if (message !== undefined) yield { type: 'warning', message };
    const weights = inference.mode === 'whole' ? 'uniform' : inference.weights;
    const working: ModelInWork[] = [];
    try {
      for (const [index, model] of models.entries()) {
        working.push(new ModelInWork(model, window, weights, provenances[index]!));
      }
      for (const images of open) yield* predictImages(options, images, working, window, throughput);
    } finally {
      for (const model of working) model.dispose();
    }
  }
  const { written, bytes } = throughput;
  yield { type: 'finished', written, kept, bytes, seconds: (performance.now() - started) / 1000 };
}

function windowOf(inference: Inference, imageSize: ImageSize | 'original'): ImageSize {
  if (inference.mode === 'slidingWindow') return sizeOf(inference.window);
  if (imageSize === 'original') throw new RangeError('Whole images must be of one size');
  return imageSize;
}

async function* predictImages(
  options: PredictOptions,
  { entries, models: needing }: OpenImages,
  working: readonly ModelInWork[],
  window: ImageSize,
  throughput: Throughput,
): AsyncGenerator<PredictionEvent> {
  const { inference, signal, batchSize, originalSize = pngSize } = options;
  const overlap = inference?.mode === 'slidingWindow' ? inference.overlap : 0;
  const left = new Map(entries.map((entry) => [entry.id, entry]));
  let writing: Promise<void> = Promise.resolve();
  const join = async (
    model: ModelInWork,
    windows: readonly PlacedWindow[],
    logits: Float32Array,
    infos: readonly ImageInfo[],
  ): Promise<void> => {
    const values = window.width * window.height * options.classes.length;
    for (const [index, placed] of windows.entries()) {
      const info = infos[placed.image]!;
      const own = logits.subarray(index * values, (index + 1) * values);
      const bytes = await model.join(own, placed, info);
      if (bytes !== undefined) throughput.add(bytes, info.width * info.height);
    }
  };
  try {
    for await (const chunk of options.images(entries)) {
      const claimed = chunk.map((one) => claim(one, left, options.imageSize));
      const infos = await Promise.all(
        chunk.map(async ({ image }, index) => {
          const original = await originalSize(claimed[index]!);
          return infoOf(options, claimed[index]!, image, original);
        }),
      );
      const images = chunk.map(({ image }) => image);
      const places = images.map((image) => windowPlaces(image, window, overlap));
      for (const index of needing) {
        const model = working[index]!;
        for (const { windows, data } of windowBatches(images, places, window, batchSize)) {
          signal?.throwIfAborted();
          const logits = await model.compute(data, windows.length, images[0]!.channels, signal);
          // The engine is free again; the batch before has been written meanwhile.
          await writing;
          if (throughput.moved()) yield throughput.event();
          writing = join(model, windows, logits, infos);
          // Awaited one batch later; until then a rejection must not count as unhandled.
          writing.catch(() => undefined);
        }
      }
    }
    await writing;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await writing.catch(() => undefined);
  }
  signal?.throwIfAborted();
  if (left.size > 0) throw wrongBatch(`all ${entries.length} images`, `${entries.length - left.size}`);
  yield throughput.event();
}

/** The image's entry, crossed off those that are left. */
function claim(
  { id, image: { width, height } }: PredictedImage,
  left: Map<string, SampleEntry>,
  size: ImageSize | 'original',
): SampleEntry {
  if (size !== 'original' && (width !== size.width || height !== size.height)) {
    throw wrongBatch(`images of ${size.height} × ${size.width}`, `${height} × ${width}`);
  }
  const entry = left.get(id);
  if (entry === undefined) throw wrongBatch('each image once', `"${id}"`);
  left.delete(id);
  return entry;
}

function infoOf(
  { classes }: PredictOptions,
  { id }: SampleEntry,
  { width, height }: Image,
  original: ImageSize,
): ImageInfo {
  const [originalHeight, originalWidth] = [original.height, original.width];
  return { image: id, height, width, originalHeight, originalWidth, classes };
}

const pngSize = ({ imagePath }: SampleEntry): Promise<ImageSize> => readPngSize(imagePath);

function wrongBatch(expected: string, received: string): PhalanxError {
  return new PhalanxError('predict/batch', {
    what: 'The images are not those that were asked for',
    expected,
    received,
  });
}
