import { PhalanxError } from '../../core/errors.ts';
import { planeCount } from '../../labels/labelMap.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
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
    const each = planeCount(packedClasses(labels));
    const planes = each * (this.#blends ? 2 : 1);
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
    const maps = this.#blends ? [labels, blended?.labels ?? labels] : [labels];
    for (const [half, map] of maps.entries()) pack(map, target.subarray(start + half * each), planes);
  }

  /** The batch, complete once every index has been added. */
  get batch(): Batch {
    if (this.#batch === undefined) throw new RangeError('A batch needs at least one sample');
    return this.#batch;
  }
}

/** Classes of packed labels; pixels are unknown in one behind the last. */
function packedClasses({ classes, unknown }: LabelMap): number {
  return classes + (unknown === undefined ? 0 : 1);
}

/** Writes a label map with its first word of each pixel `stride` words apart. */
function pack(
  { width, height, classes, planes, unknown }: LabelMap,
  target: Uint32Array,
  stride: number,
): void {
  const pixels = width * height;
  for (const [plane, bits] of planes.entries()) {
    if (stride === 1) target.set(bits);
    else for (let pixel = 0; pixel < pixels; pixel++) target[plane + pixel * stride] = bits[pixel]!;
  }
  if (unknown === undefined) return;
  const [plane, bit] = [classes >> 5, classes & 31];
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = plane + pixel * stride;
    target[at] = bit === 0 ? unknown[pixel]! : target[at]! | (unknown[pixel]! << bit);
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
