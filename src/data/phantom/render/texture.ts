import { Random } from '../../../core/random.ts';

const side = 256;

/** A square tile of smooth noise that repeats without a seam; mean 0, standard deviation 1. */
export class NoiseTile {
  readonly #values: Float32Array;

  constructor(random: Random) {
    const white = Float32Array.from({ length: side * side }, () => random.uniform(-1, 1));
    const smooth = blurred(blurred(white));
    const mean = smooth.reduce((sum, value) => sum + value, 0) / smooth.length;
    const variance = smooth.reduce((sum, value) => sum + (value - mean) ** 2, 0) / smooth.length;
    this.#values = smooth.map((value) => (value - mean) / Math.sqrt(variance));
  }

  /** Bilinear sample; one unit is about half the size of the smallest feature. */
  at(x: number, y: number): number {
    const [fx, fy] = [Math.floor(x), Math.floor(y)];
    const [tx, ty] = [x - fx, y - fy];
    const [x0, x1] = [fx & (side - 1), (fx + 1) & (side - 1)];
    const [y0, y1] = [(fy & (side - 1)) * side, ((fy + 1) & (side - 1)) * side];
    const values = this.#values;
    const upper = values[y0 + x0]! * (1 - tx) + values[y0 + x1]! * tx;
    const lower = values[y1 + x0]! * (1 - tx) + values[y1 + x1]! * tx;
    return upper * (1 - ty) + lower * ty;
  }
}

function blurred(values: Float32Array): Float32Array {
  const at = (x: number, y: number): number => values[(y & (side - 1)) * side + (x & (side - 1))]!;
  return values.map((_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    let sum = 0;
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) sum += at(x + dx, y + dy) * (2 - Math.abs(dx)) * (2 - Math.abs(dy));
    return sum / 16;
  });
}

let sharedTile: NoiseTile | undefined;

/** The one tile of all pictures: what differs between them is where it is sampled. */
export function noiseTile(): NoiseTile {
  sharedTile ??= new NoiseTile(Random.from('phantom', 'noise tile'));
  return sharedTile;
}

let sharedTable: Float32Array | undefined;

/**
 * Normal deviates, fast enough for each pixel of a large image: one table is indexed by a xorshift generator
 * (Marsaglia 2003) that starts at a number of the stream.
 */
export function normalDeviates(random: Random): () => number {
  if (sharedTable === undefined) {
    const stream = Random.from('phantom', 'deviates');
    sharedTable = Float32Array.from({ length: 1 << 14 }, () => stream.normal());
  }
  const table = sharedTable;
  let state = random.bits() | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return table[(state >>> 9) & 0x3fff]!;
  };
}
