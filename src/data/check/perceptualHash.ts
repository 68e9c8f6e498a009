/** Side of the small grey picture that a hash is made from. */
export const hashSide = 32;

/** Lowest frequencies that are kept in each direction. */
const frequencies = 16;

/** 32-bit words of a hash. */
export const hashWords = frequencies ** 2 / 32;

/** Hashes of a picture and of its mirror image, left and right exchanged. */
export interface PerceptualHashes {
  /** `[hashWords]`. */
  readonly upright: Uint32Array;
  /** `[hashWords]`. */
  readonly mirrored: Uint32Array;
}

/**
 * 256 bits that change little when a picture is encoded anew, made brighter, or moved by a pixel: which of the 16 × 16
 * lowest coefficients of its discrete cosine transform lie above their median. pHash as the Python package `imagehash`
 * computes it (after C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010), with
 * `hash_size=16` and without its own resizing.
 *
 * @param grey `[32, 32]`, row-major.
 */
export function perceptualHashes(grey: ArrayLike<number>): PerceptualHashes {
  const coefficients = transform(grey);
  const mirrored = coefficients.map((value, index) => ((index % frequencies) & 1 ? -value : value));
  return { upright: aboveMedian(coefficients), mirrored: aboveMedian(mirrored) };
}

/** Number of bits that differ, from 0 to 256; counting stops once there are more than `most`. */
export function hammingDistance(a: Uint32Array, b: Uint32Array, most = Infinity): number {
  let distance = 0;
  for (let i = 0; i < hashWords && distance <= most; i++) distance += bitCount(a[i]! ^ b[i]!);
  return distance;
}

/** Set bits of a 32-bit integer (Warren, "Hacker's Delight", 5-1). */
function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** `[frequencies, hashSide]`: the first rows of the type-II cosine transform. */
const cosines = Float64Array.from({ length: frequencies * hashSide }, (_, index) => {
  const [k, n] = [Math.floor(index / hashSide), index % hashSide];
  return Math.cos((Math.PI * k * (2 * n + 1)) / (2 * hashSide));
});

/** `[frequencies, frequencies]`, vertical frequency first. */
function transform(grey: ArrayLike<number>): Float64Array {
  const rows = new Float64Array(hashSide * frequencies);
  for (let y = 0; y < hashSide; y++) {
    for (let u = 0; u < frequencies; u++) {
      let sum = 0;
      for (let x = 0; x < hashSide; x++) sum += grey[y * hashSide + x]! * cosines[u * hashSide + x]!;
      rows[y * frequencies + u] = sum;
    }
  }
  const coefficients = new Float64Array(frequencies ** 2);
  for (let v = 0; v < frequencies; v++) {
    for (let u = 0; u < frequencies; u++) {
      let sum = 0;
      for (let y = 0; y < hashSide; y++) sum += rows[y * frequencies + u]! * cosines[v * hashSide + y]!;
      coefficients[v * frequencies + u] = sum;
    }
  }
  return coefficients;
}

function aboveMedian(values: Float64Array): Uint32Array {
  const sorted = values.toSorted();
  const middle = (sorted[(values.length >> 1) - 1]! + sorted[values.length >> 1]!) / 2;
  const bits = new Uint32Array(hashWords);
  for (let i = 0; i < values.length; i++) if (values[i]! > middle) bits[i >> 5]! |= 1 << (i & 31);
  return bits;
}
