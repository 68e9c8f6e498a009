/** What a stream of random numbers is derived from, for example `[experimentSeed, 'augment', epoch, imageName]`. */
export type RandomKey = number | string;

/**
 * A seeded stream of random numbers: the same keys give the same numbers on every machine.
 *
 * Streams are derived by name instead of being drawn in turn, so what one sample sees does not depend on which
 * others were loaded before it, or on how many workers loaded them.
 *
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand), seeded with 128 bits of hashed keys.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #keys: readonly RandomKey[];

  private constructor(keys: readonly RandomKey[]) {
    this.#keys = keys;
    const text = keys.map((key) => `${typeof key === 'number' ? 'n' : 's'}${key}`).join('\u0000');
    this.#a = hash(text, 0x9e3779b9);
    this.#b = hash(text, 0x243f6a88);
    this.#c = hash(text, 0xb7e15162);
    for (let i = 0; i < 12; i++) this.bits();
  }

  static from(...keys: readonly RandomKey[]): Random {
    return new Random(keys);
  }

  /** An independent stream named below this one; drawing from either leaves the other as it was. */
  derive(...keys: readonly RandomKey[]): Random {
    return new Random([...this.#keys, ...keys]);
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Uniform in `[low, high)`, with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const unit = ((this.bits() >>> 5) * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
    return low + unit * (high - low);
  }

  /** Uniform integer in `[low, high)`. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low));
  }

  /** Normal deviate (Box–Muller, one of the pair). */
  normal(mean = 0, standardDeviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + standardDeviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Beta-distributed in [0, 1]; both parameters above 0. */
  beta(a: number, b: number): number {
    // As a ratio of gamma deviates, in logarithms: those of small parameters are too small for a double.
    const difference = this.#logGamma(b) - this.#logGamma(a);
    return 1 / (1 + Math.exp(difference));
  }

  /** Logarithm of a gamma deviate of scale 1 (Marsaglia and Tsang 2000). */
  #logGamma(shape: number): number {
    if (shape < 1) return this.#logGamma(shape + 1) + Math.log(1 - this.uniform()) / shape;
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      if (Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
        return Math.log(d) + Math.log(v);
      }
    }
  }

  /** True with the given probability in [0, 1]. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** One element of a non-empty array. */
  choice<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('choice() needs at least one item');
    return items[this.integer(0, items.length)] as T;
  }

  /** A shuffled copy (Fisher–Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }
}

/** MurmurHash3's 32-bit mixing over UTF-16 units (Austin Appleby). */
function hash(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) {
    let k = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= text.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
