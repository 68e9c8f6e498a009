import type { FileKind } from '../limitedFile.ts';

/** Files that hold a volume, packed or not. */
export const volumeFile: FileKind = {
  noun: 'volume',
  missing: 'volume/missing',
  unreadable: 'volume/unreadable',
  maxBytes: 4 * 2 ** 30 - 1,
};
