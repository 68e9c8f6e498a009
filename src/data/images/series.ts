import { PhalanxError } from '../../core/errors.ts';
import type { Image } from '../../pixels/image.ts';
import { readStored } from './anyImage.ts';
import type { ImageReading } from './anyImage.ts';
import { stackChannels } from './stackChannels.ts';
import { renderBytes, windowOf } from './stored.ts';
import type { StoredImage } from './stored.ts';

/**
 * Reads a grey image with those before and after it in its series as the first and third channel, all through the
 * window of the image itself.
 *
 * @throws PhalanxError `image/…`; `image/series` when they are in colours or differ in size.
 */
export async function readWithNeighbours(
  path: string,
  [before, after]: readonly [string, string],
  { intensity, maxPixels }: ImageReading,
): Promise<Image> {
  const own = await readStored(path, maxPixels);
  const window = windowOf(own, intensity, path);
  const plane = async (other: string): Promise<Uint8Array> => {
    const stored = other === path ? own : await readStored(other, maxPixels);
    requireAlike(stored, own, other);
    return renderBytes(stored, window);
  };
  const { width, height } = own;
  const planes = [await plane(before), await plane(path), await plane(after)] as const;
  return { width, height, channels: 3, data: stackChannels(planes) };
}

function requireAlike(stored: StoredImage, own: StoredImage, path: string): void {
  const same = stored.width === own.width && stored.height === own.height;
  if (same && stored.channels === 1 && stored.data.constructor === own.data.constructor) return;
  throw new PhalanxError('image/series', {
    what: 'The image cannot be a channel of its neighbour',
    where: path,
    expected: `grey, ${own.width} × ${own.height} and as deep as its neighbour`,
    received: `${stored.channels} channels, ${stored.width} × ${stored.height}`,
    fix: 'Set data.format.neighbours to 0, or leave the image out',
  });
}
