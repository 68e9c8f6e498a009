import { PhalanxError } from '../../core/errors.ts';
import type { Image } from '../../pixels/image.ts';
import type { Intensity } from '../intensity/options.ts';
import type { Limits } from '../intensity/values.ts';
import { readStored } from './anyImage.ts';
import { stackChannels } from './stackChannels.ts';
import { renderBytes, windowOf } from './stored.ts';
import type { StoredImage } from './stored.ts';

/** Grey images that are channels of one. */
export interface StackReading {
  /** Of the image itself, a file for each modality. */
  readonly own: readonly string[];
  /** The slices in order, `own` among them, each with as many files. */
  readonly slices: readonly (readonly string[])[];
  /** How the numbers of each modality become bytes. */
  readonly intensities: readonly (Intensity | undefined)[];
  /** Most pixels that an image may have. */
  readonly maxPixels: number;
}

/**
 * Reads grey images as the channels of one: the slices in order, of each its modalities. All slices of a modality go
 * through the window of the image itself.
 *
 * @throws PhalanxError `image/…`; `image/series` when they are in colours or differ in size.
 */
export async function readStack({ own, slices, intensities, maxPixels }: StackReading): Promise<Image> {
  const first = await readStored(own[0]!, maxPixels);
  const { width, height } = first;
  const windows: { readonly stored: StoredImage; readonly window: Limits | undefined }[] = [];
  for (const [modality, path] of own.entries()) {
    const stored = modality === 0 ? first : await readStored(path, maxPixels);
    windows.push({ stored, window: windowOf(stored, intensities[modality], path) });
  }
  // At an edge, one image stands for several.
  const planes = new Map<string, Uint8Array>();
  for (const slice of slices) {
    for (const [modality, path] of slice.entries()) {
      if (planes.has(path)) continue;
      const { stored: alike, window } = windows[modality]!;
      const stored = path === own[modality] ? alike : await readStored(path, maxPixels);
      requireAlike(stored, alike, first, path);
      planes.set(path, renderBytes(stored, window));
    }
  }
  const stacked = slices.flat().map((path) => planes.get(path)!);
  return { width, height, channels: stacked.length, data: stackChannels(stacked) };
}

/** Of the size of the first, and grey and as deep as the own of its modality. */
function requireAlike(stored: StoredImage, own: StoredImage, first: StoredImage, path: string): void {
  const same = stored.width === first.width && stored.height === first.height;
  if (same && stored.channels === 1 && stored.data.constructor === own.data.constructor) return;
  throw new PhalanxError('image/series', {
    what: 'The image cannot be a channel of another',
    where: path,
    expected: `grey, ${first.width} × ${first.height} and as deep as the others of its kind`,
    received: `${stored.channels} channels, ${stored.width} × ${stored.height}`,
    fix: 'Take data.format.neighbours or data.format.modalities away, or leave the image out',
  });
}
