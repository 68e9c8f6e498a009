import { PhalanxError } from '../../../core/errors.ts';
import type { LabelMap } from '../../../labels/labelMap.ts';
import type { Image, ImageSize } from '../../../pixels/image.ts';
import { stackChannels } from '../../images/stackChannels.ts';
import { limitsOf } from '../../images/stored.ts';
import { toBytes } from '../../intensity/toBytes.ts';
import type { Limits } from '../../intensity/values.ts';
import { sliceOf, slicesOf } from '../../volumes/slice.ts';
import type { Volume } from '../../volumes/volume.ts';
import { VolumeStore } from '../../volumes/volumeStore.ts';
import { labelsOfValues } from '../valueTable.ts';
import type { VolumesFormat } from './options.ts';

/** Where a slice comes from. */
export interface SliceSource {
  readonly imagePath: string;
  readonly labelPath: string | undefined;
  readonly index: number;
  /** Slices of the volume. */
  readonly count: number;
  /** Voxels. */
  readonly size: ImageSize;
}

/** Reads slices of volumes as images and labels. */
export class SliceReader {
  readonly #format: VolumesFormat;
  readonly #volumes: VolumeStore;
  /** The window of each volume, so that its slices are mapped alike. */
  readonly #limits = new WeakMap<Volume, Limits>();

  constructor(root: string, format: VolumesFormat) {
    this.#format = format;
    this.#volumes = new VolumeStore({ root, maxBytes: format.maxBytes });
  }

  /** @throws PhalanxError `volume/…`, `image/no-window`. */
  async readImage({ imagePath, index, size }: SliceSource): Promise<Image> {
    const volume = await this.#volumes.get(imagePath);
    const { axis, neighbours, step } = this.#format;
    const limits = this.#limitsOf(volume, imagePath);
    const { count } = slicesOf(volume, axis);
    const slice = (at: number): Uint8Array =>
      toBytes(sliceOf(volume, axis, Math.min(Math.max(at, 0), count - 1)), volume, limits);
    if (neighbours === 0) return { ...size, channels: 1, data: slice(index) };
    const data = stackChannels([slice(index - step), slice(index), slice(index + step)]);
    return { ...size, channels: 3, data };
  }

  /** @throws PhalanxError `volume/…`, `annotation/missing`, `annotation/size`, `annotation/unknown-value`. */
  async readLabels({ imagePath, labelPath, index, count, size }: SliceSource): Promise<LabelMap> {
    if (labelPath === undefined) {
      throw new PhalanxError('annotation/missing', {
        what: 'The volume has no labels',
        where: imagePath,
        expected: 'a volume where data.format.labels says',
      });
    }
    const volume = await this.#volumes.get(labelPath);
    const { axis, classes, ignore, unknown } = this.#format;
    const own = slicesOf(volume, axis);
    if (own.width !== size.width || own.height !== size.height || own.count !== count) {
      throw new PhalanxError('annotation/size', {
        what: 'The labels have another size than the volume',
        where: labelPath,
        expected: `${count} slices of ${size.width} × ${size.height} along ${axis}, as the volume has`,
        received: `${own.count} of ${own.width} × ${own.height}`,
      });
    }
    const { slope, intercept } = volume;
    const stored = sliceOf(volume, axis, index);
    const plain = slope === 1 && intercept === 0;
    const data = plain ? stored : Float64Array.from(stored, (value) => value * slope + intercept);
    return labelsOfValues({ ...size, data }, { classes, ignore, unknown }, labelPath);
  }

  #limitsOf(volume: Volume, path: string): Limits {
    const known = this.#limits.get(volume);
    if (known !== undefined) return known;
    const bytes = volume.data instanceof Uint8Array && volume.slope === 1 && volume.intercept === 0;
    const asStored = bytes && this.#format.intensity === undefined;
    const limits = asStored ? { low: 0, high: 255 } : limitsOf(volume, this.#format.intensity, path);
    this.#limits.set(volume, limits);
    return limits;
  }
}
