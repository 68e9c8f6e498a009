import type { Image } from '../../pixels/image.ts';
import { defaultIntensity } from '../intensity/options.ts';
import type { Intensity } from '../intensity/options.ts';
import { percentileLimits, rangeLimits } from '../intensity/limits.ts';
import { toBytes } from '../intensity/toBytes.ts';
import type { Limits, Rescale, StoredArray } from '../intensity/values.ts';
import { PhalanxError } from '../../core/errors.ts';

/** An image as its file stores it, `[height, width, channels]`, before it becomes bytes. */
export interface StoredImage extends Rescale {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: StoredArray;
  /** The window that the file itself names. */
  readonly window?: Limits;
  /** Low numbers are bright, as on film. */
  readonly inverted?: boolean;
}

/**
 * The image as the model sees it. Bytes stay as they are where no mapping is asked for; anything else goes through the
 * mapping, else the file's own window, else `defaultIntensity`.
 *
 * @throws PhalanxError `image/no-window` when the file's window is asked for and there is none.
 */
export function renderImage(stored: StoredImage, intensity: Intensity | undefined, path: string): Image {
  const { width, height, channels } = stored;
  return { width, height, channels, data: renderBytes(stored, windowOf(stored, intensity, path)) };
}

/** The bytes of an image through a window; without one, as they are stored. */
export function renderBytes(
  { data, inverted = false, ...rescale }: StoredImage,
  window: Limits | undefined,
): Uint8Array {
  if (window !== undefined) return toBytes(data, rescale, window, inverted);
  const bytes = data as Uint8Array;
  return inverted ? bytes.map((value) => 255 - value) : bytes;
}

/**
 * The window that an image is rendered through; none for bytes that stay as they are.
 *
 * @throws PhalanxError `image/no-window`.
 */
export function windowOf(
  stored: StoredImage,
  intensity: Intensity | undefined,
  path: string,
): Limits | undefined {
  const { data, slope, intercept, window } = stored;
  const plain = data instanceof Uint8Array && slope === 1 && intercept === 0 && window === undefined;
  return plain && intensity === undefined ? undefined : limitsOf(stored, intensity, path);
}

/**
 * The ends of the window that a mapping gives for these numbers.
 *
 * @throws PhalanxError `image/no-window`.
 */
export function limitsOf(
  stored: Rescale & { readonly data: StoredArray; readonly window?: Limits },
  intensity: Intensity | undefined,
  path: string,
): Limits {
  if (intensity === undefined && stored.window !== undefined) return stored.window;
  const mapping = intensity ?? defaultIntensity;
  switch (mapping.name) {
    case 'window':
      return mapping;
    case 'percentile':
      return percentileLimits(stored.data, stored, mapping);
    case 'range':
      return rangeLimits(stored.data, stored);
    case 'file':
      if (stored.window !== undefined) return stored.window;
      throw new PhalanxError('image/no-window', {
        what: 'The file names no window for its numbers',
        where: path,
        expected: 'window centre and width in a DICOM file',
        fix: 'Choose another data.format.intensity, such as { name: "percentile" }',
      });
  }
}
