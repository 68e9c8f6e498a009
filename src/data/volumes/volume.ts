import type { Rescale, StoredArray } from '../intensity/values.ts';

/** Three numbers along x, y and z. */
export type Triple = readonly [number, number, number];

/** What a volume's file says about it before its voxels. */
export interface VolumeHeader extends Rescale {
  /** Voxels along x, y and z; x runs fastest in the file. */
  readonly size: Triple;
  /** Millimetres between the middles of neighbouring voxels. */
  readonly spacing: Triple;
  /**
   * Rows of the matrix that takes a voxel's index to millimetres, `[x, y, z, 1]` from the right. Axes are those of the
   * file's own convention: towards right, front and head in NIfTI, towards left, back and head in MetaImage (and ITK).
   */
  readonly affine: readonly [Row, Row, Row];
  /** The file that holds the voxels, where it is not the header's own. */
  readonly dataPath?: string;
}

export type Row = readonly [number, number, number, number];

/** A volume in memory. */
export interface Volume extends VolumeHeader {
  /** Voxel `(x, y, z)` is at `x + size[0] * (y + size[1] * z)`. */
  readonly data: StoredArray;
}

/** The place of a voxel, which may be a fraction, in millimetres. */
export function toMillimetres({ affine }: Pick<VolumeHeader, 'affine'>, [x, y, z]: Triple): Triple {
  const along = ([a, b, c, d]: Row): number => a * x + b * y + c * z + d;
  return [along(affine[0]), along(affine[1]), along(affine[2])];
}

/**
 * The voxel at a place in millimetres, as fractions; rounding gives the voxel that contains it.
 *
 * @throws RangeError when the volume's axes do not span the room.
 */
export function toVoxel({ affine }: Pick<VolumeHeader, 'affine'>, point: Triple): Triple {
  const [[a, b, c, p], [d, e, f, q], [g, h, i, r]] = affine;
  const [x, y, z] = [point[0] - p, point[1] - q, point[2] - r];
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (determinant === 0 || !Number.isFinite(determinant))
    throw new RangeError('The axes do not span the room');
  return [
    ((e * i - f * h) * x + (c * h - b * i) * y + (b * f - c * e) * z) / determinant,
    ((f * g - d * i) * x + (a * i - c * g) * y + (c * d - a * f) * z) / determinant,
    ((d * h - e * g) * x + (b * g - a * h) * y + (a * e - b * d) * z) / determinant,
  ];
}
