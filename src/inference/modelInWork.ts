import type * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { bytesToFloat, uint8Tensor } from '../engine/bytes.ts';
import { compile } from '../engine/compile.ts';
import type { ImageSize } from '../pixels/image.ts';
import { normalize } from '../training/normalization.ts';
import type { PredictedModel } from './predictedModel.ts';
import { noTta } from './provenance.ts';
import { largestLogits } from './store/logitFile.ts';
import type { LogitInfo } from './store/logitFile.ts';
import { withTta } from './tta/withTta.ts';
import { importanceMap } from './windows/importance.ts';
import type { SlidingWindow } from './windows/options.ts';
import type { PlacedWindow } from './windows/windowBatches.ts';
import { addWindow, createWindowSums, divideWindows } from './windows/windowSums.ts';
import type { WindowSums } from './windows/windowSums.ts';

/** What is told of an image's logits besides its windows. */
export type ImageInfo = Omit<LogitInfo, 'provenance'>;

/** A model with its compiled function, and the image whose windows it is joining. */
export class ModelInWork {
  readonly #of: PredictedModel;
  readonly #window: ImageSize;
  readonly #weights: Float32Array;
  readonly #provenance: LogitInfo['provenance'];
  readonly #forward;
  /** Later batches are filled up to the largest so far: a smaller one would be traced anew. */
  #largest = 0;
  #sums: WindowSums | undefined;

  /** @throws PhalanxError `predict/window` when the model cannot take windows of this size. */
  constructor(
    of: PredictedModel,
    window: ImageSize,
    weights: SlidingWindow['weights'],
    provenance: LogitInfo['provenance'],
  ) {
    const { model, tta = noTta, normalization, precision = 'auto' } = of;
    requireMultiple(of.name, window, model.sizeMultiple);
    this.#of = of;
    this.#window = window;
    this.#weights = importanceMap(window, weights);
    this.#provenance = provenance;
    const logits = withTta((x) => model.forward(x, { training: false }).logits, tta, model.sizeMultiple);
    this.#forward = compile(
      (images: tf.Tensor4D) => logits(normalize(bytesToFloat(images) as tf.Tensor4D, normalization)),
      { name: 'predict', precision },
    );
  }

  get name(): string {
    return this.#of.name;
  }

  /**
   * Logits of windows `[N, height, width, channels]`; the batch is filled up with black ones, and what the model says of
   * those comes last.
   */
  async compute(
    data: Uint8Array,
    count: number,
    channels: number,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const { width, height } = this.#window;
    this.#largest = Math.max(this.#largest, count);
    const size = this.#largest;
    const filled = count === size ? data : new Uint8Array((data.length / count) * size);
    if (filled !== data) filled.set(data);
    const x = uint8Tensor(filled, [size, height, width, channels]);
    try {
      const logits = await this.#forward.withSignal(signal)(x as tf.Tensor4D);
      try {
        return (await logits.data()) as Float32Array;
      } finally {
        logits.dispose();
      }
    } finally {
      x.dispose();
    }
  }

  /**
   * Joins a window to those of its image, and writes the image's logits after the last of them. Calls must follow one
   * another in the order of `windowBatches`.
   *
   * @param logits `[height, width, classes]`.
   * @returns bytes written, if it was the last.
   * @throws PhalanxError `logits/not-finite`, `predict/too-large`, `file/write`.
   */
  async join(
    logits: Float32Array,
    { place, last }: PlacedWindow,
    of: ImageInfo,
  ): Promise<number | undefined> {
    const { width, height, classes } = of;
    const size = this.#window;
    if (this.#sums === undefined) {
      // An image of one window needs neither weights nor sums.
      if (last && width === size.width && height === size.height) return await this.#write(logits, of);
      requireFit(of);
      this.#sums = createWindowSums({ width, height }, classes.length);
    }
    await addWindow(this.#sums, { logits, size, weights: this.#weights, place });
    if (!last) return undefined;
    const sums = this.#sums;
    this.#sums = undefined;
    await divideWindows(sums);
    return await this.#write(sums.data, of);
  }

  dispose(): void {
    this.#sums = undefined;
    this.#forward.dispose();
  }

  async #write(logits: Float32Array, of: ImageInfo): Promise<number> {
    const { store, name } = this.#of;
    try {
      return await store.write(logits, { ...of, provenance: this.#provenance });
    } catch (error) {
      if (!(error instanceof PhalanxError) || error.code !== 'logits/not-finite') throw error;
      const where = `${name}, ${error.parts.where ?? ''}`;
      throw new PhalanxError('logits/not-finite', { ...error.parts, where }, { cause: error });
    }
  }
}

function requireMultiple(name: string, { width, height }: ImageSize, sizeMultiple: number): void {
  if (width % sizeMultiple === 0 && height % sizeMultiple === 0) return;
  throw new PhalanxError('predict/window', {
    what: 'The model cannot take images or windows of this size',
    where: name,
    expected: `sides that are multiples of ${sizeMultiple}`,
    received: `${width} × ${height}`,
  });
}

function requireFit({ image, width, height, classes }: ImageInfo): void {
  if (width * height * classes.length <= largestLogits) return;
  throw new PhalanxError('predict/too-large', {
    what: 'The logits of the image are too large',
    where: image,
    expected: `at most ${largestLogits} numbers`,
    received: `${width} × ${height} pixels of ${classes.length} classes`,
    fix: 'Predict at a smaller size',
  });
}
