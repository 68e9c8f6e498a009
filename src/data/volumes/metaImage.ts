import { dirname, resolve } from 'node:path';
import { insideRoot } from '../insideRoot.ts';
import { readLimitedFile } from '../limitedFile.ts';
import { metaFields, metaNumbers } from './metaFields.ts';
import type { MetaFields } from './metaFields.ts';
import { unpack } from './unpack.ts';
import type { Row, Triple, Volume, VolumeHeader } from './volume.ts';
import { volumeFile, volumeFileOf } from './volumeFile.ts';
import { voxelBytes, voxelsOf } from './voxelTypes.ts';
import type { VoxelType } from './voxelTypes.ts';

const types: Readonly<Record<string, VoxelType>> = {
  MET_UCHAR: 'uint8',
  MET_CHAR: 'int8',
  MET_USHORT: 'uint16',
  MET_SHORT: 'int16',
  MET_UINT: 'uint32',
  MET_INT: 'int32',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};

/** A header with where and how the voxels are stored. */
interface MetaHeader extends VolumeHeader {
  readonly type: VoxelType;
  readonly bigEndian: boolean;
  readonly compressed: boolean;
  readonly bytes: number;
  /** Bytes before the first voxel; -1 for voxels that end the file. */
  readonly skip: number;
  /** The file with the voxels; without one, they follow the header. */
  readonly dataPath?: string;
  /** Bytes of the header itself. */
  readonly length: number;
}

/** The header's text comes before this many bytes of a file. */
const maxHeaderBytes = 2 ** 16;

/**
 * Reads the header of a MetaImage, `.mhd` or `.mha`.
 *
 * @param root of the dataset, which the file of the voxels may not leave.
 * @throws PhalanxError `volume/missing`, `volume/unreadable`, `dataset/outside-root`; Error that says what the file
 *   holds instead.
 */
export async function readMetaHeader(path: string, root: string): Promise<MetaHeader> {
  const { fields, length } = metaFields(await readLimitedFile(path, volumeFile, maxHeaderBytes));
  const header = { ...geometryOf(fields), ...storageOf(fields), length };
  const name = fields.get('elementdatafile')!;
  if (name === 'LOCAL') return header;
  if (name === 'LIST' || name.includes('%')) throw new Error('voxels in one file for each slice');
  const dataPath = resolve(dirname(path), name);
  await insideRoot(root, dataPath, path);
  return { ...header, dataPath };
}

/**
 * Reads a MetaImage.
 *
 * @param maxBytes of its voxels.
 * @throws as `readMetaHeader`.
 */
export async function readMetaImage(path: string, root: string, maxBytes: number): Promise<Volume> {
  const header = await readMetaHeader(path, root);
  const { bytes, compressed, skip, dataPath, length, type, bigEndian } = header;
  if (bytes > maxBytes) throw new Error(`${bytes} bytes of voxels`);
  const file = await readLimitedFile(dataPath ?? path, volumeFileOf(maxBytes));
  const stored = dataPath === undefined ? file.subarray(length) : file;
  const whole = compressed ? await unpack(stored, 'zlib', bytes) : stored;
  const start = compressed ? 0 : skip < 0 ? whole.length - bytes : skip;
  if (start < 0 || whole.length < start + bytes)
    throw new Error(`${whole.length} bytes where ${bytes} belong`);
  const { size, spacing, affine, slope, intercept } = header;
  const data = voxelsOf(whole.subarray(start, start + bytes), type, bigEndian);
  return { size, spacing, affine, slope, intercept, data };
}

function geometryOf(fields: MetaFields): VolumeHeader {
  const rank = Number(fields.get('ndims'));
  if (rank !== 3) throw new Error(`${String(fields.get('ndims'))} dimensions`);
  const size = metaNumbers(fields, ['dimsize'], 3);
  if (size === undefined || size.some((count) => !Number.isInteger(count) || count < 1 || count > 65535)) {
    throw new Error(`${fields.get('dimsize') ?? 'no'} voxels`);
  }
  const spacing = metaNumbers(fields, ['elementspacing', 'elementsize'], 3) ?? [1, 1, 1];
  const origin = metaNumbers(fields, ['offset', 'position', 'origin'], 3) ?? [0, 0, 0];
  const axes = metaNumbers(fields, ['transformmatrix', 'rotation', 'orientation'], 9) ?? [
    1, 0, 0, 0, 1, 0, 0, 0, 1,
  ];
  // Each three numbers are the direction of an axis, which is a column of the matrix.
  const row = (r: number): Row => [
    axes[r]! * spacing[0]!,
    axes[3 + r]! * spacing[1]!,
    axes[6 + r]! * spacing[2]!,
    origin[r]!,
  ];
  const triple = ([x, y, z]: readonly number[]): Triple => [x!, y!, z!];
  return {
    size: triple(size),
    spacing: triple(spacing),
    affine: [row(0), row(1), row(2)],
    slope: 1,
    intercept: 0,
  };
}

function storageOf(
  fields: MetaFields,
): Pick<MetaHeader, 'type' | 'bigEndian' | 'compressed' | 'bytes' | 'skip'> {
  const yes = (...names: readonly string[]) =>
    names.some((name) => /^(true|1)$/i.test(fields.get(name) ?? ''));
  const type = types[fields.get('elementtype') ?? ''];
  if (type === undefined) throw new Error(`voxels of type ${fields.get('elementtype') ?? 'unknown'}`);
  if (Number(fields.get('elementnumberofchannels') ?? 1) !== 1) throw new Error('voxels of several numbers');
  if (/^(false|0)$/i.test(fields.get('binarydata') ?? '')) throw new Error('voxels written as text');
  const skip = Number(fields.get('headersize') ?? 0);
  if (!Number.isInteger(skip) || skip < -1 || skip > 2 ** 30) throw new Error(`voxels from byte ${skip}`);
  const [x, y, z] = metaNumbers(fields, ['dimsize'], 3) as [number, number, number];
  return {
    type,
    bigEndian: yes('binarydatabyteordermsb', 'elementbyteordermsb'),
    compressed: yes('compresseddata'),
    bytes: x * y * z * voxelBytes(type),
    skip,
  };
}
