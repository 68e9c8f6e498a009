import { PhalanxError } from '../../../core/errors.ts';
import type { LabelMap } from '../../../labels/labelMap.ts';
import type { Image, ImageSize } from '../../../pixels/image.ts';
import { stackChannels } from '../../images/stackChannels.ts';
import { limitsOf } from '../../images/stored.ts';
import type { Intensity } from '../../intensity/options.ts';
import { toBytes } from '../../intensity/toBytes.ts';
import type { Limits } from '../../intensity/values.ts';
import { sliceOf, slicesOf } from '../../volumes/slice.ts';
import type { Volume, VolumeHeader } from '../../volumes/volume.ts';
import { VolumeStore } from '../../volumes/volumeStore.ts';
import { stackOf } from '../channels.ts';
import { modalityIntensities } from '../modalities.ts';
import { labelsOfValues } from '../valueTable.ts';
import type { VolumesFormat } from './options.ts';

/** Where a slice comes from. */
export interface SliceSource {
  /** Volumes of each modality, the image's own first. */
  readonly files: readonly string[];
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
  readonly #intensities: readonly (Intensity | undefined)[];
  readonly #volumes: VolumeStore;
  /** The window of each volume, so that its slices are mapped alike. */
  readonly #limits = new WeakMap<Volume, Limits>();

  constructor(root: string, format: VolumesFormat) {
    this.#format = format;
    this.#intensities = modalityIntensities(format);
    this.#volumes = new VolumeStore({ root, maxBytes: format.maxBytes });
  }

  /** @throws PhalanxError `volume/…`, `image/no-window`. */
  async readImage({ files, index, count, size }: SliceSource): Promise<Image> {
    const indices = stackOf(index, count, this.#format);
    const planes: Uint8Array[] = [];
    for (const [modality, path] of files.entries()) {
      const slices = await this.#slicesOf(path, this.#intensities[modality], { ...size, count }, indices);
      for (const [place, slice] of slices.entries()) planes[place * files.length + modality] = slice;
    }
    const data = planes.length === 1 ? planes[0]! : stackChannels(planes);
    return { ...size, channels: planes.length, data };
  }

  /** Slices of a volume as bytes; one that is wanted twice is the same array. */
  async #slicesOf(
    path: string,
    intensity: Intensity | undefined,
    expected: ImageSize & { readonly count: number },
    indices: readonly number[],
  ): Promise<Uint8Array[]> {
    const { axis } = this.#format;
    const volume = await this.#volumes.get(path);
    const { count, width, height } = slicesOf(volume, axis);
    if (count !== expected.count || width !== expected.width || height !== expected.height) {
      throw otherSize(path, `${expected.count} slices of ${expected.width} × ${expected.height}`, volume);
    }
    const limits = this.#limitsOf(volume, intensity, path);
    const slices = new Map<number, Uint8Array>();
    return indices.map((index) => {
      const slice = slices.get(index) ?? toBytes(sliceOf(volume, axis, index), volume, limits);
      slices.set(index, slice);
      return slice;
    });
  }

  /** @throws PhalanxError `volume/…`, `annotation/missing`, `annotation/size`, `annotation/unknown-value`. */
  async readLabels({ files, labelPath, index, count, size }: SliceSource): Promise<LabelMap> {
    if (labelPath === undefined) {
      throw new PhalanxError('annotation/missing', {
        what: 'The volume has no labels',
        where: files[0]!,
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

  #limitsOf(volume: Volume, intensity: Intensity | undefined, path: string): Limits {
    const known = this.#limits.get(volume);
    if (known !== undefined) return known;
    const bytes = volume.data instanceof Uint8Array && volume.slope === 1 && volume.intercept === 0;
    const asStored = bytes && intensity === undefined;
    const limits = asStored ? { low: 0, high: 255 } : limitsOf(volume, intensity, path);
    this.#limits.set(volume, limits);
    return limits;
  }
}

/** @throws PhalanxError `volume/modality-size` when a modality has another size than the image's own volume. */
export function requireSize(modality: VolumeHeader, own: VolumeHeader, path: string): void {
  if (String(modality.size) === String(own.size)) return;
  throw otherSize(path, `${own.size.join(' × ')} voxels`, modality);
}

function otherSize(path: string, expected: string, { size }: Pick<VolumeHeader, 'size'>): PhalanxError {
  return new PhalanxError('volume/modality-size', {
    what: 'The volume has another size than its slices, or than another modality of the same image',
    where: path,
    expected,
    received: `${size.join(' × ')} voxels`,
    fix: 'Resample the modalities to one size, or find out which of them belongs to another image',
  });
}
