import type { Logits } from '../../../labels/upsample.ts';
import { blockCount, blockSide, largestPackedPlane, weightedTable } from '../packedPlane.ts';
import type { PackedLogits, PackedPlane } from '../packedPlane.ts';
import { codeBias, decodingTable, flatHigh, flatLow, storedByte } from '../quantization.ts';

/** The plain twin of `packLogits`. */
export function packLogitsPlain(
  logits: Float32Array,
  height: number,
  width: number,
  classes: number,
): PackedPlane[] | number {
  const wrong = logits.findIndex(Number.isNaN);
  if (wrong >= 0) return wrong;
  return Array.from({ length: classes }, (_, c) => {
    const plane = Uint8Array.from({ length: height * width }, (__, pixel) =>
      storedByte(logits[pixel * classes + c]!),
    );
    return packPlane(plane, height, width);
  });
}

function packPlane(plane: Uint8Array, height: number, width: number): PackedPlane {
  const packed = new Uint8Array(largestPackedPlane(height, width));
  let block = 0;
  let at = blockCount(height, width);
  for (const box of blocks(height, width)) {
    if (isFlat(plane, height, width, box)) {
      packed[block++] = meanByte(plane, width, box);
      continue;
    }
    packed[block++] = 0;
    let above = codeBias;
    for (let y = box.y0; y < box.y1; y++) {
      let left = above;
      above = plane[y * width + box.x0]!;
      for (let x = box.x0; x < box.x1; x++) {
        const byte = plane[y * width + x]!;
        packed[at++] = byte - left;
        left = byte;
      }
    }
  }
  return packed.subarray(0, at);
}

interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

function* blocks(height: number, width: number): Generator<Box> {
  for (let y0 = 0; y0 < height; y0 += blockSide) {
    for (let x0 = 0; x0 < width; x0 += blockSide) {
      yield { x0, y0, x1: Math.min(width, x0 + blockSide), y1: Math.min(height, y0 + blockSide) };
    }
  }
}

function isFlat(plane: Uint8Array, height: number, width: number, { x0, y0, x1, y1 }: Box): boolean {
  let low = true;
  let high = true;
  for (let y = Math.max(0, y0 - 1); y < Math.min(height, y1 + 1); y++) {
    for (let x = Math.max(0, x0 - 1); x < Math.min(width, x1 + 1); x++) {
      const byte = plane[y * width + x]!;
      low &&= byte <= flatLow;
      high &&= byte >= flatHigh;
    }
  }
  return low || high;
}

function meanByte(plane: Uint8Array, width: number, { x0, y0, x1, y1 }: Box): number {
  let sum = 0;
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) sum += decodingTable[plane[y * width + x]!]!;
  }
  return storedByte(sum / ((x1 - x0) * (y1 - y0)));
}

/** The plain twin of `mixLogits`. */
export function mixLogitsPlain(
  members: readonly PackedLogits[],
  height: number,
  width: number,
): Float32Array {
  const classes = members[0]!.planes.length;
  const mixed = new Float32Array(height * width * classes);
  for (const { planes, weights } of members) {
    for (const [c, packed] of planes.entries()) {
      const table = weightedTable(weights[c]!);
      for (const { pixel, byte } of unpack(packed, height, width))
        mixed[pixel * classes + c]! += table[byte]!;
    }
  }
  return mixed;
}

/** The stored byte of every pixel, block by block. */
function* unpack(
  packed: PackedPlane,
  height: number,
  width: number,
): Generator<{ pixel: number; byte: number }> {
  let block = 0;
  let at = blockCount(height, width);
  for (const { x0, y0, x1, y1 } of blocks(height, width)) {
    const mean = packed[block++]!;
    let above = codeBias;
    for (let y = y0; y < y1; y++) {
      let byte = above;
      for (let x = x0; x < x1; x++) {
        byte = mean === 0 ? (byte + packed[at++]!) & 255 : mean;
        if (x === x0) above = byte;
        yield { pixel: y * width + x, byte };
      }
    }
  }
}

/** The plain twin of `addResized`. */
export function addResizedPlain(target: Logits, source: Logits): void {
  const { classes } = target;
  for (let y = 0; y < target.height; y++) {
    const row = tap(y, source.height, target.height);
    for (let x = 0; x < target.width; x++) {
      const column = tap(x, source.width, target.width);
      for (let c = 0; c < classes; c++) {
        const at = (v: number, u: number): number => source.data[(v * source.width + u) * classes + c]!;
        const left =
          (1 - row.toSecond) * at(row.first, column.first) + row.toSecond * at(row.second, column.first);
        const right =
          (1 - row.toSecond) * at(row.first, column.second) + row.toSecond * at(row.second, column.second);
        target.data[(y * target.width + x) * classes + c]! +=
          (1 - column.toSecond) * left + column.toSecond * right;
      }
    }
  }
}

/** Between which source pixels a target pixel lies, in single precision as in PyTorch. */
function tap(i: number, source: number, target: number): { first: number; second: number; toSecond: number } {
  const scale = Math.fround(source / target);
  const position = Math.max(0, Math.fround(Math.fround(scale * (i + 0.5)) - 0.5));
  const first = Math.min(Math.floor(position), source - 1);
  return { first, second: Math.min(first + 1, source - 1), toSecond: position - first };
}
