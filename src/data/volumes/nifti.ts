import { constants, gunzipSync } from 'node:zlib';
import { readLimitedFile } from '../limitedFile.ts';
import { volumeFile, volumeFileOf } from './volumeFile.ts';
import { unpack } from './unpack.ts';
import type { Row, Triple, Volume, VolumeHeader } from './volume.ts';
import { voxelBytes, voxelsOf } from './voxelTypes.ts';
import type { VoxelType } from './voxelTypes.ts';

/** Bytes of a NIfTI-1 header; the first number in the file. */
const headerBytes = 348;
/** Enough of a packed file to hold the header. */
const packedStart = 4096;

const types: Readonly<Record<number, VoxelType>> = {
  2: 'uint8',
  4: 'int16',
  8: 'int32',
  16: 'float32',
  64: 'float64',
  256: 'int8',
  512: 'uint16',
  768: 'uint32',
};

/** A header with where and how the voxels are stored. */
interface NiftiHeader extends VolumeHeader {
  readonly type: VoxelType;
  readonly bigEndian: boolean;
  /** Bytes before the first voxel. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Reads the header of a NIfTI-1 file, `.nii` or `.nii.gz`, without unpacking the rest.
 *
 * @throws PhalanxError `volume/missing`, `volume/unreadable`; Error that says what the file holds instead.
 */
export async function readNiftiHeader(path: string): Promise<NiftiHeader> {
  const start = await readLimitedFile(path, volumeFile, packedStart);
  return headerOf(isGzip(start) ? unpackedStart(start) : start);
}

/**
 * Reads a NIfTI-1 file.
 *
 * @param maxBytes of its voxels.
 * @throws as `readNiftiHeader`.
 */
export async function readNifti(path: string, maxBytes: number): Promise<Volume> {
  const file = await readLimitedFile(path, volumeFileOf(maxBytes));
  const packed = isGzip(file);
  const header = headerOf(packed ? unpackedStart(file) : file);
  const { offset, bytes, type, bigEndian } = header;
  if (bytes > maxBytes) throw new Error(`${bytes} bytes of voxels`);
  const whole = packed ? await unpack(file, 'gzip', offset + bytes) : file;
  if (whole.length < offset + bytes) throw new Error(`${whole.length} bytes where ${offset + bytes} belong`);
  const { size, spacing, affine, slope, intercept } = header;
  const data = voxelsOf(whole.subarray(offset, offset + bytes), type, bigEndian);
  return { size, spacing, affine, slope, intercept, data };
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function unpackedStart(packed: Buffer): Buffer {
  const start = packed.subarray(0, packedStart);
  // Of a start, the end is missing. 4 kB of the worst kind unpack to 4 MB; a header comes long before that.
  return gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: packedStart * 1100 });
}

function headerOf(bytes: Buffer): NiftiHeader {
  if (bytes.length < headerBytes + 4) throw new Error(`${bytes.length} bytes, fewer than a header`);
  const bigEndian = bytes.readInt32LE(0) !== headerBytes;
  if (bigEndian && bytes.readInt32BE(0) !== headerBytes)
    throw new Error('something else than a NIfTI-1 header');
  const magic = bytes.toString('latin1', 344, 347);
  if (magic !== 'n+1')
    throw new Error(magic === 'ni1' ? 'a header without its voxels (.hdr)' : 'no NIfTI-1 header');
  const int16 = (at: number) => (bigEndian ? bytes.readInt16BE(at) : bytes.readInt16LE(at));
  const float = (at: number) => (bigEndian ? bytes.readFloatBE(at) : bytes.readFloatLE(at));
  const dimensions = Array.from({ length: 8 }, (_, index) => int16(40 + 2 * index));
  const [rank = 0, x = 0, y = 0, z = 0, ...others] = dimensions;
  const type = types[int16(70)];
  if (rank < 3 || rank > 7 || Math.min(x, y, z) < 1 || others.slice(0, rank - 3).some((count) => count > 1)) {
    throw new Error(`${dimensions.slice(1, 1 + Math.min(Math.max(rank, 0), 7)).join(' × ')} voxels`);
  }
  if (type === undefined) throw new Error(`voxels of NIfTI's type ${int16(70)}`);
  const offset = float(108);
  if (!(Number.isInteger(offset) && offset >= headerBytes + 4 && offset <= 2 ** 24)) {
    throw new Error(`voxels from byte ${offset}`);
  }
  const slope = float(112);
  const intercept = float(116);
  const scaled = Number.isFinite(slope) && slope !== 0;
  const spacing: Triple = [Math.abs(float(80)), Math.abs(float(84)), Math.abs(float(88))];
  return {
    size: [x, y, z],
    spacing,
    affine: affineOf(int16, float, spacing, [x, y, z]),
    slope: scaled ? slope : 1,
    intercept: scaled && Number.isFinite(intercept) ? intercept : 0,
    type,
    bigEndian,
    offset,
    bytes: x * y * z * voxelBytes(type),
  };
}

type Reader = (at: number) => number;

/** As nibabel chooses: the sform, else the qform, else the spacing about the middle with x towards the left. */
function affineOf(int16: Reader, float: Reader, spacing: Triple, size: Triple): readonly [Row, Row, Row] {
  const row = (at: number): Row => [float(at), float(at + 4), float(at + 8), float(at + 12)];
  if (int16(254) > 0) return [row(280), row(296), row(312)];
  if (int16(252) > 0) return qform(float, spacing);
  const [sx, sy, sz] = spacing;
  const middle = size.map((count) => (count - 1) / 2) as [number, number, number];
  return [
    [-sx, 0, 0, middle[0] * sx],
    [0, sy, 0, -middle[1] * sy],
    [0, 0, sz, -middle[2] * sz],
  ];
}

/** Source: `nifti1.h`, method 2; `quaternionToMat44` there. */
function qform(float: Reader, [sx, sy, depth]: Triple): readonly [Row, Row, Row] {
  const [b, c, d] = [float(256), float(260), float(264)];
  const a = Math.sqrt(Math.max(0, 1 - (b * b + c * c + d * d)));
  // The first number of pixdim says whether z is turned around.
  const sz = float(76) < 0 ? -depth : depth;
  const [px, py, pz] = [float(268), float(272), float(276)];
  return [
    [(a * a + b * b - c * c - d * d) * sx, 2 * (b * c - a * d) * sy, 2 * (b * d + a * c) * sz, px],
    [2 * (b * c + a * d) * sx, (a * a + c * c - b * b - d * d) * sy, 2 * (c * d - a * b) * sz, py],
    [2 * (b * d - a * c) * sx, 2 * (c * d + a * b) * sy, (a * a + d * d - b * b - c * c) * sz, pz],
  ];
}
