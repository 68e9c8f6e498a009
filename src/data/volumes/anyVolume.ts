import { PhalanxError, messageOf } from '../../core/errors.ts';
import { readMetaHeader, readMetaImage } from './metaImage.ts';
import { readNifti, readNiftiHeader } from './nifti.ts';
import type { Volume, VolumeHeader } from './volume.ts';

/** Names of files that may hold a volume, in lower case. */
export const volumeExtensions = ['.nii.gz', '.nii', '.mhd', '.mha'] as const;

/** Most bytes of voxels of one volume: some 512 × 512 × 1900 of 16 bits. */
export const defaultMaxVolumeBytes = 1_000_000_000;

/** What a volume is read within. */
export interface VolumeLimits {
  /** Of the dataset, absolute and free of symbolic links; a header may not name a file outside. */
  readonly root: string;
  /** Most bytes of voxels, unpacked. */
  readonly maxBytes: number;
}

/**
 * Reads what a NIfTI-1 file (`.nii`, `.nii.gz`) or MetaImage (`.mhd` with `.raw` or `.zraw`, `.mha`) says about its
 * voxels, without reading them.
 *
 * @throws PhalanxError `volume/missing`, `volume/unreadable`, `dataset/outside-root`.
 */
export async function readVolumeHeader(
  path: string,
  { root, maxBytes }: VolumeLimits,
): Promise<VolumeHeader> {
  return await told(path, maxBytes, async () => {
    const header = await (isNifti(path) ? readNiftiHeader(path) : readMetaHeader(path, root));
    if (header.bytes > maxBytes) throw new Error(`${header.bytes} bytes of voxels`);
    return header;
  });
}

/**
 * Reads a whole volume, of three dimensions and one number per voxel.
 *
 * @throws PhalanxError as `readVolumeHeader`.
 */
export async function readVolume(path: string, { root, maxBytes }: VolumeLimits): Promise<Volume> {
  return await told(path, maxBytes, () =>
    isNifti(path) ? readNifti(path, maxBytes) : readMetaImage(path, root, maxBytes),
  );
}

function isNifti(path: string): boolean {
  return /\.nii(\.gz)?$/i.test(path);
}

async function told<Result>(path: string, maxBytes: number, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof PhalanxError) throw cause;
    throw new PhalanxError(
      'volume/unreadable',
      {
        what: 'The volume cannot be read',
        where: path,
        expected: `an intact NIfTI-1 file or MetaImage of one volume of at most ${maxBytes} bytes`,
        received: messageOf(cause).slice(0, 300),
      },
      { cause },
    );
  }
}
