import type { Random } from '../../../core/random.ts';
import type { Framing } from '../anatomy/framing.ts';
import type { OutlierKind } from '../options.ts';
import { normalDeviates } from './texture.ts';

/** How the detector and its software turn absorption into grey values. */
interface Exposure {
  /** Grey value, 0 to 255, of the bare detector and of complete absorption. */
  readonly black: number;
  readonly white: number;
  /** Steepness of the curve; more makes thin parts brighter. */
  readonly gain: number;
  readonly gamma: number;
  /** Standard deviation of the noise of a bare detector pixel at 2048 pixels a side, in absorption. */
  readonly noise: number;
  /** How much the software lifts what differs from its surroundings. */
  readonly harmonization: number;
}

function drawExposure(outliers: readonly OutlierKind[], random: Random): Exposure {
  const usual = {
    black: random.uniform(4, 16),
    white: random.uniform(236, 254),
    gain: random.uniform(1.05, 1.3),
    gamma: random.uniform(0.98, 1.15),
    noise: random.uniform(0.02, 0.032),
    harmonization: random.uniform(0.3, 0.55),
  };
  if (!outliers.includes('brightness')) return usual;
  return random.chance(0.5)
    ? { ...usual, gain: random.uniform(0.45, 0.6), gamma: random.uniform(1.25, 1.5), noise: 0.04 }
    : {
        ...usual,
        black: random.uniform(40, 75),
        gain: random.uniform(1.5, 1.9),
        gamma: random.uniform(0.7, 0.85),
      };
}

/**
 * Grey values of an absorption image: noise that grows with absorption, the detector's blur, the display curve, and
 * black outside the collimator.
 *
 * @param absorbed - `[size, size]`, row-major.
 * @returns `[size, size]`, 0 to 255.
 */
export function expose(
  absorbed: Float32Array,
  size: number,
  { field: [left, top, right, bottom], pixelsPerMillimetre }: Framing,
  outliers: readonly OutlierKind[],
  random: Random,
): Uint8Array {
  const exposure = drawExposure(outliers, random.derive('exposure'));
  const deviate = normalDeviates(random.derive('noise'));
  // Binning detector pixels averages their noise and hides the blur.
  const noise = exposure.noise * Math.sqrt(size / 2048);
  for (let i = 0; i < absorbed.length; i++) {
    const value = absorbed[i]!;
    absorbed[i] = value + noise * (0.6 + 0.7 * value) * deviate();
  }
  const sigma = (1.1 * size) / 2048;
  if (sigma > 0.3) blur(absorbed, size, Math.exp(-1 / (2 * sigma * sigma)));
  sharpenLocally(absorbed, size, 6 * pixelsPerMillimetre, exposure.harmonization);
  const curve = displayCurve(exposure);
  const steps = curve.length - 1;
  const grey = new Uint8Array(size * size);
  for (let y = Math.max(0, top); y <= bottom; y++)
    for (let x = Math.max(0, left); x <= right; x++) {
      const i = y * size + x;
      const level = Math.min(steps, Math.max(0, ((absorbed[i]! + 0.25) / 4.25) * steps));
      const edge = Math.min(x - left, right - x, y - top, bottom - y) + 1;
      const open = Math.min(1, edge / (1 + (2.5 * size) / 2048));
      grey[i] = curve[Math.round(level)]! * open + 0.5;
    }
  return grey;
}

/** Grey values for absorption from −0.25 to 4. */
function displayCurve({ black, white, gain, gamma }: Exposure): Float32Array {
  return Float32Array.from({ length: 4097 }, (_, i) => {
    const value = Math.max(0, (i / 4096) * 4.25 - 0.25);
    const below = Math.min(0, (i / 4096) * 4.25 - 0.25);
    const bright = (1 - Math.exp(-gain * value)) ** gamma;
    return Math.min(255, Math.max(0, black + (white - black) * bright + below * 60));
  });
}

/** Convolves rows and columns with `[w, 1, w] / (1 + 2w)` in place. */
function blur(values: Float32Array, size: number, weight: number): void {
  const centre = 1 / (1 + 2 * weight);
  const side = weight * centre;
  for (let y = 0; y < size; y++) {
    const row = y * size;
    let previous = values[row]!;
    for (let x = 0; x < size; x++) {
      const here = values[row + x]!;
      const next = x + 1 < size ? values[row + x + 1]! : here;
      values[row + x] = centre * here + side * (previous + next);
      previous = here;
    }
  }
  const above = values.slice(0, size);
  for (let y = 0; y < size; y++) {
    const row = y * size;
    const below = y + 1 < size ? row + size : row;
    for (let x = 0; x < size; x++) {
      const here = values[row + x]!;
      values[row + x] = centre * here + side * (above[x]! + values[below + x]!);
      above[x] = here;
    }
  }
}

/**
 * Adds the difference from the local mean (an unsharp mask with a wide window), as detectors' software does to show
 * dense and thin parts in one picture. The mean is taken on a grid of 8 by 8 pixel cells.
 */
function sharpenLocally(values: Float32Array, size: number, radius: number, strength: number): void {
  const cell = Math.max(1, Math.round(size / 256));
  const side = Math.ceil(size / cell);
  const coarse = new Float32Array(side * side);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(y / cell) * side;
    for (let x = 0; x < size; x++) coarse[row + Math.floor(x / cell)]! += values[y * size + x]!;
  }
  for (let i = 0; i < coarse.length; i++) coarse[i]! /= cell * cell;
  const passes = 3;
  const steps = Math.max(1, Math.round((radius / cell) ** 2 / passes));
  for (let i = 0; i < Math.min(40, steps); i++) blur(coarse, side, 1);
  for (let y = 0; y < size; y++) {
    const gy = Math.min(side - 1, Math.max(0, (y + 0.5) / cell - 0.5));
    const y0 = Math.floor(gy);
    const y1 = Math.min(side - 1, y0 + 1);
    for (let x = 0; x < size; x++) {
      const gx = Math.min(side - 1, Math.max(0, (x + 0.5) / cell - 0.5));
      const x0 = Math.floor(gx);
      const x1 = Math.min(side - 1, x0 + 1);
      const upper = coarse[y0 * side + x0]! * (1 - gx + x0) + coarse[y0 * side + x1]! * (gx - x0);
      const lower = coarse[y1 * side + x0]! * (1 - gx + x0) + coarse[y1 * side + x1]! * (gx - x0);
      const local = upper * (1 - gy + y0) + lower * (gy - y0);
      const i = y * size + x;
      values[i] = values[i]! + strength * (values[i]! - local);
    }
  }
}
