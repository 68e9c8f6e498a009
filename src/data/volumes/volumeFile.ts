import type { FileKind } from '../limitedFile.ts';

/** Files that hold a volume, packed or not. */
export const volumeFile: FileKind = {
  noun: 'volume',
  missing: 'volume/missing',
  unreadable: 'volume/unreadable',
  maxBytes: 4 * 2 ** 30 - 1,
};

/** Bytes of headers and whatever else a file holds besides its voxels. */
const besidesVoxels = 2 ** 24;

/** A file of at most so many bytes of voxels, packed or not: packing makes none much larger. */
export function volumeFileOf(maxBytes: number): FileKind {
  return { ...volumeFile, maxBytes: Math.min(volumeFile.maxBytes, maxBytes + besidesVoxels) };
}
