/**
 * The 8-bit code of a logit: `x = 3/16 · sinh(q / 24)`, `q` in [−127, 127]. Steps are 1/128 at 0, where a threshold
 * may pass, and 4 % of the value far from it, where only the order of magnitude matters; the largest is 18.6, a
 * probability that differs from 1 by 10⁻⁸. A border between neighbours of logits a < 0 < b lies at a / (a − b), so a
 * relative error of 2 % moves it by 1 % of a pixel at most.
 */
const codeLimit = 127;

/** Blocks in which every logit lies beyond this on one side of 0 are stored as one value. */
const flatLogit = 4;

/** Added to a code to store it in a byte, so that no code is stored as 0. */
export const codeBias = 128;

/** Logit of each stored byte, `[256]`; byte 0 is not a code. */
export const decodingTable = Float32Array.from({ length: 256 }, (_, byte) =>
  byte === 0 ? NaN : 0.1875 * Math.sinh((byte - codeBias) / 24),
);

function nearestCode(x: number): number {
  const code = Math.round(24 * Math.asinh(x / 0.1875));
  return codeBias + Math.max(-codeLimit, Math.min(codeLimit, code));
}

const reach = 19;
const cellsPerUnit = 1024;

/** Stored bytes of the logits from −19 to 19 in cells of 1/1024, a small part of the finest step. */
export const encodingTable = Uint8Array.from({ length: 2 * reach * cellsPerUnit }, (_, cell) =>
  nearestCode((cell + 0.5) / cellsPerUnit - reach),
);

/** Bytes at most this are below `-flatLogit`. */
export const flatLow = nearestCode(-flatLogit);

/** Bytes at least this are above `flatLogit`. */
export const flatHigh = nearestCode(flatLogit);

/** The stored byte of a logit, in single precision as the kernel computes it; infinities are clamped. */
export function storedByte(x: number): number {
  const cell = Math.fround(Math.fround(x) + reach) * cellsPerUnit;
  return encodingTable[cell < 0 ? 0 : Math.min(Math.trunc(cell), encodingTable.length - 1)]!;
}
