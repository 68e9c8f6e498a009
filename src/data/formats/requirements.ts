import { PhalanxError } from '../../core/errors.ts';
import type { ImageSize } from '../../pixels/image.ts';
import type { StoredImage } from '../images/stored.ts';

/** @throws PhalanxError `annotation/size` when labels and image differ in size. */
export function requireSize(labels: ImageSize, image: ImageSize, path: string): void {
  if (labels.width === image.width && labels.height === image.height) return;
  throw new PhalanxError('annotation/size', {
    what: 'The labels have another size than the image',
    where: path,
    expected: `${image.width} × ${image.height} as the image has`,
    received: `${labels.width} × ${labels.height}`,
    fix: 'Find out which of the two belongs to another image',
  });
}

/**
 * The image, if it has one channel or three that are alike.
 *
 * @throws PhalanxError `annotation/not-grey`.
 */
export function requireGrey(stored: StoredImage, path: string): StoredImage {
  const { channels, width, height, data } = stored;
  if (channels === 1) return stored;
  const grey = data.slice(0, width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const value = data[3 * pixel]!;
    if (data[3 * pixel + 1] !== value || data[3 * pixel + 2] !== value) {
      throw new PhalanxError('annotation/not-grey', {
        what: 'The labels are in colours',
        where: path,
        expected: 'one grey or palette channel',
        received: `${value}, ${data[3 * pixel + 1]!}, ${data[3 * pixel + 2]!} in pixel ${pixel}`,
        fix: 'Give the classes of data.format colours if this is a label image, or check that it is not an image',
      });
    }
    grey[pixel] = value;
  }
  return { ...stored, channels: 1, data: grey };
}
