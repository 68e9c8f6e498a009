import { nativePixels } from '../../pixels/native.ts';
import type { PackedPlane } from '../store/packedPlane.ts';
import { decodingTable } from '../store/quantization.ts';

interface LevelKernels {
  countLevels(plane: PackedPlane, height: number, width: number): Promise<Uint32Array>;
}

/** How many logits of a packed plane have each stored byte, `[256]`, off the JavaScript thread. */
export async function countLevels(plane: PackedPlane, height: number, width: number): Promise<Uint32Array> {
  return nativePixels<LevelKernels>().countLevels(plane, height, width);
}

/**
 * The rank of each of the 255 logits that the store has, `[256]` with byte 0 unused, among the stored logits of one
 * class of one image together with those 255 (so that ranks grow strictly): as SciPy's `rankdata(method='average')`,
 * divided by their number. The rank of a logit between two of them is interpolated linearly. `zero` is the logit whose
 * rank is subtracted from all.
 */
export function rankTable(counts: Uint32Array, zero: number): Float32Array {
  const ranks = new Float64Array(256);
  let below = 0;
  for (let byte = 1; byte < 256; byte++) {
    const ties = counts[byte]! + 1;
    ranks[byte] = below + (ties + 1) / 2;
    below += ties;
  }
  const zeroRank = rankOf(zero, ranks);
  return Float32Array.from(ranks, (rank) => (rank - zeroRank) / below);
}

/** The rank of any logit, by those of the stored ones. */
export function rankOf(x: number, ranks: ArrayLike<number>): number {
  if (x <= decodingTable[1]!) return ranks[1]!;
  const next = decodingTable.findIndex((level, byte) => byte > 1 && level > x);
  if (next < 0) return ranks[255]!;
  const [low, high] = [decodingTable[next - 1]!, decodingTable[next]!];
  return ranks[next - 1]! + ((ranks[next]! - ranks[next - 1]!) * (x - low)) / (high - low);
}
