import type { Logits } from '../../labels/upsample.ts';
import { nativePixels } from '../../pixels/native.ts';
import { uninitializedFloats } from '../../pixels/memory.ts';
import { decodingTable, encodingTable, flatHigh, flatLow } from './quantization.ts';

/**
 * The stored bytes of one class, `[height, width]`, cut into blocks of 16 × 16 pixels (smaller at the right and
 * bottom edges): first a map with one byte per block, row by row, which is the block's mean when it and the pixels
 * around it lie far on one side of 0, and 0 when it is detailed; then the bytes of each detailed block, row by row, as
 * differences (modulo 256) from the left neighbour, in the first column from the pixel above, in the first pixel from
 * 128.
 */
export type PackedPlane = Uint8Array;

/** Pixels along the side of a block. */
export const blockSide = 16;

/** Number of blocks that cover a plane. */
export function blockCount(height: number, width: number): number {
  return Math.ceil(height / blockSide) * Math.ceil(width / blockSide);
}

/** Most bytes that a packed plane can have. */
export function largestPackedPlane(height: number, width: number): number {
  return blockCount(height, width) + height * width;
}

/** True when a packed plane has as many bytes as its map asks for. */
export function isWholePlane(packed: Uint8Array, height: number, width: number): boolean {
  const columns = Math.ceil(width / blockSide);
  const blocks = blockCount(height, width);
  if (packed.length < blocks) return false;
  let expected = blocks;
  for (let block = 0; block < blocks; block++) {
    if (packed[block] !== 0) continue;
    const y0 = Math.floor(block / columns) * blockSide;
    const x0 = (block % columns) * blockSide;
    expected += Math.min(blockSide, height - y0) * Math.min(blockSide, width - x0);
  }
  return packed.length === expected;
}

/**
 * The rows of blocks from `from` to `to` of a packed plane: itself the packed plane of as many rows of pixels, for
 * blocks do not depend on each other.
 */
export function blockRowsOf(
  packed: PackedPlane,
  height: number,
  width: number,
  from: number,
  to: number,
): PackedPlane {
  const columns = Math.ceil(width / blockSide);
  const rows = Math.ceil(height / blockSide);
  if (from === 0 && to === rows) return packed;
  const starts = [rows * columns];
  for (let row = 0; row < to; row++) {
    const blockHeight = Math.min(blockSide, height - row * blockSide);
    let bytes = 0;
    for (let column = 0; column < columns; column++) {
      if (packed[row * columns + column] !== 0) continue;
      bytes += blockHeight * Math.min(blockSide, width - column * blockSide);
    }
    starts.push(starts[row]! + bytes);
  }
  const map = packed.subarray(from * columns, to * columns);
  const details = packed.subarray(starts[from], starts[to]);
  const part = new Uint8Array(map.length + details.length);
  part.set(map);
  part.set(details, map.length);
  return part;
}

interface LogitKernels {
  packLogits(
    logits: Float32Array,
    height: number,
    width: number,
    classes: number,
    encoding: Uint8Array,
    decoding: Float32Array,
    flatLow: number,
    flatHigh: number,
  ): Promise<PackedPlane[] | number>;
  mixLogits(
    planes: readonly PackedPlane[],
    tables: readonly Float32Array[],
    height: number,
    width: number,
    classes: number,
    target: Float32Array,
  ): Promise<Float32Array>;
  addResized(
    target: Float32Array,
    height: number,
    width: number,
    source: Float32Array,
    sourceHeight: number,
    sourceWidth: number,
    classes: number,
  ): Promise<Float32Array>;
}

/**
 * Quantizes and packs logits off the JavaScript thread.
 *
 * @param logits `[height, width, classes]`.
 * @returns one packed plane per class, or the index of a logit that is NaN.
 */
export async function packLogits(
  logits: Float32Array,
  height: number,
  width: number,
  classes: number,
): Promise<PackedPlane[] | number> {
  const kernels = nativePixels<LogitKernels>();
  return kernels.packLogits(logits, height, width, classes, encodingTable, decodingTable, flatLow, flatHigh);
}

/** One model's logits of one image, and how much they count. */
export interface PackedLogits {
  /** `[classes]`, each whole. */
  readonly planes: readonly PackedPlane[];
  /** Factor of the logits of each class, `[classes]`. */
  readonly weights: readonly number[];
}

/**
 * The weighted sum of packed logits of one size, `[height, width, classes]`, off the JavaScript thread, in memory that
 * `release` takes back.
 */
export async function mixLogits(
  members: readonly PackedLogits[],
  height: number,
  width: number,
): Promise<Float32Array> {
  const planes = members.flatMap((member) => member.planes);
  const tables = members.flatMap((member) => member.weights.map(weightedTable));
  const classes = members[0]!.planes.length;
  const target = uninitializedFloats(height * width * classes);
  return nativePixels<LogitKernels>().mixLogits(planes, tables, height, width, classes, target);
}

/** Logit of each stored byte times a weight, `[256]`. */
export function weightedTable(weight: number): Float32Array {
  return decodingTable.map((logit) => logit * weight);
}

/**
 * Adds logits to others of another size, off the JavaScript thread: bilinear as PyTorch's
 * `F.interpolate(..., mode='bilinear', align_corners=False)`.
 */
export async function addResized(target: Logits, source: Logits): Promise<void> {
  const { classes } = target;
  await nativePixels<LogitKernels>().addResized(
    target.data,
    target.height,
    target.width,
    source.data,
    source.height,
    source.width,
    classes,
  );
}
