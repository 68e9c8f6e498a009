import { PhalanxError } from '../../core/errors.ts';
import { planeCount } from '../../labels/labelMap.ts';
import { uninitialized, uninitializedPlanes } from '../../pixels/memory.ts';
import type { Batch } from '../batch.ts';
import type { MixedSample } from './mixing.ts';

/** Copies samples of equal shape into one batch, the first sample deciding the shape. */
export class Collation {
  readonly #ids: readonly string[];
  readonly #blends: boolean;
  #batch: Batch | undefined;

  /** @param blends Whether there is room for the labels of a second sample. */
  constructor(ids: readonly string[], blends = false) {
    this.#ids = ids;
    this.#blends = blends;
  }

  /** @throws PhalanxError `loader/shape` when the sample's shape is not that of the others. */
  add(index: number, { image, labels, blended }: MixedSample): void {
    const planes = planeCount(labels.classes) * (this.#blends ? 2 : 1);
    const { width, height, channels } = image;
    const batch = (this.#batch ??= emptyBatch(this.#ids, [height, width, channels, planes], this.#blends));
    const expected = batch.imageShape.slice(1).join(' × ');
    const sameSize = labels.width === width && labels.height === height;
    if (!sameSize || `${height} × ${width} × ${channels}` !== expected || batch.labelShape[3] !== planes) {
      throw new PhalanxError('loader/shape', {
        what: 'The sample does not have the shape of the others in its batch',
        where: this.#ids[index] ?? '',
        expected: `${expected} and as many labels`,
        received: `${height} × ${width} × ${channels} and labels ${labels.height} × ${labels.width}`,
        fix: 'Let the last transform bring all samples to one size',
      });
    }
    batch.images.set(image.data, index * image.data.length);
    const pixels = width * height;
    const start = index * pixels * planes;
    // Bits are copied as they are: -1 is a pixel of all 32 classes.
    const target = new Uint32Array(batch.labels.buffer, batch.labels.byteOffset, batch.labels.length);
    if (batch.shares !== undefined) batch.shares[index] = blended?.share ?? 0;
    if (planes === 1) target.set(labels.planes[0]!, start);
    else {
      const second = this.#blends ? (blended?.labels ?? labels).planes : [];
      for (const [plane, bits] of [...labels.planes, ...second].entries()) {
        for (let pixel = 0; pixel < pixels; pixel++) target[start + pixel * planes + plane] = bits[pixel]!;
      }
    }
  }

  /** The batch, complete once every index has been added. */
  get batch(): Batch {
    if (this.#batch === undefined) throw new RangeError('A batch needs at least one sample');
    return this.#batch;
  }
}

function emptyBatch(
  ids: readonly string[],
  [height, width, channels, planes]: readonly [number, number, number, number],
  blends: boolean,
): Batch {
  const pixels = ids.length * height * width;
  const [labels] = uninitializedPlanes(1, pixels * planes) as [Uint32Array<ArrayBuffer>];
  return {
    ids,
    images: uninitialized(pixels * channels),
    imageShape: [ids.length, height, width, channels],
    labels: new Int32Array(labels.buffer),
    labelShape: [ids.length, height, width, planes],
    ...(blends ? { shares: new Float32Array(ids.length) } : {}),
  };
}
