import { PhalanxError, messageOf } from '../../core/errors.ts';

/** Whatever went wrong while an image was decoded, as the error that names the file. */
export function undecodable(path: string, maxPixels: number, cause: unknown): PhalanxError {
  if (cause instanceof PhalanxError) return cause;
  return new PhalanxError(
    'image/unreadable',
    {
      what: 'The image cannot be decoded',
      where: path,
      expected: `an intact PNG, JPEG, TIFF or DICOM image of at most ${maxPixels} pixels`,
      received: messageOf(cause).trim().replaceAll(/\s+/g, ' ').slice(0, 300),
    },
    { cause },
  );
}
