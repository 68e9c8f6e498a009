import type * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import type { Batch } from '../data/batch.ts';
import type { SampleEntry } from '../data/dataset.ts';
import { readPngSize } from '../data/imageFile.ts';
import type { ImageSize } from '../pixels/image.ts';
import { mapConcurrently } from '../data/mapConcurrently.ts';
import { bytesToFloat, uint8Tensor } from '../engine/bytes.ts';
import { compile } from '../engine/compile.ts';
import { precisionWarning } from '../engine/precision.ts';
import type { Precision } from '../engine/precision.ts';
import { startedEngine } from '../engine/running.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import { normalize } from '../training/normalization.ts';
import type { Normalization } from '../training/normalization.ts';
import type { Provenance } from './store/logitFile.ts';
import type { LogitStore } from './store/logitStore.ts';
import { ttaOf } from './tta/options.ts';
import type { Tta } from './tta/options.ts';
import { withTta } from './tta/withTta.ts';

export interface PredictOptions {
  readonly model: Pick<SegmentationModel, 'forward' | 'sizeMultiple'>;
  /** SHA-256 of the checkpoint file that the model's weights came from, in hex. */
  readonly checkpoint: string;
  /** Class names, in the order of the model's channels. */
  readonly classes: readonly string[];
  /** The images to predict: a test split, or the part of the training images that the model has not seen. */
  readonly entries: readonly SampleEntry[];
  /** Size that the images are given to the model in. */
  readonly imageSize: ImageSize;
  /** Batches of the given entries at `imageSize`, each once, in any order and sizes. */
  readonly batches: (
    entries: readonly SampleEntry[],
  ) => AsyncIterable<Pick<Batch, 'ids' | 'images' | 'imageShape'>>;
  readonly normalization: Normalization;
  /** Default `auto`. */
  readonly precision?: Precision;
  /** Default none. */
  readonly tta?: Tta;
  /** Where the logits go; whole files there that were made in the same way are kept. */
  readonly store: LogitStore;
  /** Size that the logits will be upsampled to; by default what the image file says. */
  readonly originalSize?: (entry: SampleEntry) => Promise<ImageSize>;
  readonly signal?: AbortSignal | undefined;
}

export type PredictionEvent =
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'started';
      /** Images in all. */
      readonly total: number;
      /** Images whose logits are there already. */
      readonly kept: number;
    }
  | {
      readonly type: 'progress';
      /** Images, with those kept. */
      readonly done: number;
      readonly total: number;
      /** Size of the files written so far. */
      readonly bytes: number;
      readonly imagesPerSecond: number;
    }
  | {
      readonly type: 'finished';
      readonly written: number;
      readonly kept: number;
      readonly bytes: number;
      readonly seconds: number;
    };

/**
 * Predicts images into a logit store. The engine works on one batch while the logits of the one before are packed
 * and written; nothing else is held. Leaving the loop or aborting keeps every file written, and the same call then
 * goes on from there.
 *
 * @throws PhalanxError `logits/not-finite`, `file/write`, `predict/batch` when the batches are not those asked for,
 *   what loading and the engine throw; the signal's reason.
 */
export async function* predict(options: PredictOptions): AsyncGenerator<PredictionEvent> {
  const { entries, store, signal } = options;
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const provenance = provenanceOf(options);
  const held = await mapConcurrently(entries, ({ id }) => store.holds(id, provenance), { signal });
  const open = entries.filter((_, index) => held[index] !== true);
  const total = entries.length;
  const kept = total - open.length;
  yield { type: 'started', total, kept };
  if (open.length > 0) {
    const warning = precisionWarning(options.precision ?? 'auto', startedEngine().info);
    if (warning !== undefined) yield { type: 'warning', message: warning };
    let bytes = 0;
    for await (const { written, size } of predictBatches(options, open, provenance)) {
      bytes = size;
      yield {
        type: 'progress',
        done: kept + written,
        total,
        bytes,
        imagesPerSecond: written / seconds(),
      };
    }
    yield { type: 'finished', written: open.length, kept, bytes, seconds: seconds() };
  } else {
    yield { type: 'finished', written: 0, kept, bytes: 0, seconds: seconds() };
  }
}

async function* predictBatches(
  options: PredictOptions,
  open: readonly SampleEntry[],
  provenance: Provenance,
): AsyncGenerator<{ written: number; size: number }> {
  const { model, signal, normalization } = options;
  const forward = withTta(
    (x) => model.forward(x, { training: false }).logits,
    options.tta ?? noTta,
    model.sizeMultiple,
  );
  const compiled = compile(
    (images: tf.Tensor4D) => forward(normalize(bytesToFloat(images) as tf.Tensor4D, normalization)),
    { name: 'predict', precision: options.precision ?? 'auto' },
  );
  // Later batches are filled up to the largest so far: a smaller one would be traced anew.
  let largest = 0;
  const byId = new Map(open.map((entry) => [entry.id, entry]));
  let written = 0;
  let size = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const batch of options.batches(open)) {
      signal?.throwIfAborted();
      const claimed = claim(batch, byId, options.imageSize);
      largest = Math.max(largest, batch.ids.length);
      const logits = await compute(compiled.withSignal(signal), batch, largest);
      // The engine is free again; the batch before has been packed meanwhile.
      await writing;
      if (written > 0) yield { written, size };
      writing = writeBatch(options, claimed, logits, provenance).then((bytes) => {
        written += claimed.length;
        size += bytes;
      });
      // Awaited one batch later; until then a rejection must not count as unhandled.
      writing.catch(() => undefined);
    }
    await writing;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await writing.catch(() => undefined);
    compiled.dispose();
  }
  signal?.throwIfAborted();
  if (byId.size > 0) throw wrongBatch(`all ${open.length} images`, `${open.length - byId.size}`);
  yield { written, size };
}

/** The batch's entries, crossed off those that are open. */
function claim(
  { ids, imageShape }: Pick<Batch, 'ids' | 'imageShape'>,
  open: Map<string, SampleEntry>,
  { height, width }: ImageSize,
): readonly SampleEntry[] {
  if (imageShape[1] !== height || imageShape[2] !== width) {
    throw wrongBatch(`images of ${height} × ${width}`, `${imageShape[1]} × ${imageShape[2]}`);
  }
  return ids.map((id) => {
    const entry = open.get(id);
    if (entry === undefined) throw wrongBatch('each image once', `"${id}"`);
    open.delete(id);
    return entry;
  });
}

/** Logits of a batch, filled up to `size` images; what the model says of the added ones comes last. */
async function compute(
  forward: (images: tf.Tensor4D) => Promise<tf.Tensor4D>,
  { images, imageShape: [count, ...shape] }: Pick<Batch, 'images' | 'imageShape'>,
  size: number,
): Promise<Float32Array> {
  const filled = count === size ? images : new Uint8Array((images.length / count) * size);
  if (filled !== images) filled.set(images);
  const x = uint8Tensor(filled, [size, ...shape]);
  try {
    const logits = await forward(x as tf.Tensor4D);
    try {
      return (await logits.data()) as Float32Array;
    } finally {
      logits.dispose();
    }
  } finally {
    x.dispose();
  }
}

async function writeBatch(
  options: PredictOptions,
  entries: readonly SampleEntry[],
  logits: Float32Array,
  provenance: Provenance,
): Promise<number> {
  const { store, classes, imageSize, originalSize = pngSize } = options;
  const values = imageSize.height * imageSize.width * classes.length;
  let bytes = 0;
  for (const [index, entry] of entries.entries()) {
    const original = await originalSize(entry);
    bytes += await store.write(logits.subarray(index * values, (index + 1) * values), {
      image: entry.id,
      height: imageSize.height,
      width: imageSize.width,
      originalHeight: original.height,
      originalWidth: original.width,
      classes,
      provenance,
    });
  }
  return bytes;
}

const pngSize = ({ imagePath }: SampleEntry): Promise<ImageSize> => readPngSize(imagePath);

const noTta = ttaOf('none');

function provenanceOf(options: PredictOptions): Provenance {
  const { checkpoint, imageSize, normalization, precision = 'auto', tta = noTta } = options;
  return {
    checkpoint,
    size: `${imageSize.width}x${imageSize.height}`,
    precision,
    normalization: JSON.stringify(
      'per' in normalization ? normalization : { mean: normalization.mean, std: normalization.std },
    ),
    tta: JSON.stringify(tta),
  };
}

function wrongBatch(expected: string, received: string): PhalanxError {
  return new PhalanxError('predict/batch', {
    what: 'The batches are not those that were asked for',
    expected,
    received,
  });
}
