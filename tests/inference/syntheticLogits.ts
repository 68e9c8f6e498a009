import type { Random } from '../../src/core/random.ts';

/**
 * Logits as a trained network gives them, `[height, width, classes]`: ellipses with a soft border a few pixels wide,
 * saturating inside and outside, with smooth and pixel-wise noise.
 */
export function syntheticLogits(
  height: number,
  width: number,
  classes: number,
  random: Random,
  noise = 0.3,
): Float32Array {
  const logits = new Float32Array(height * width * classes);
  for (let c = 0; c < classes; c++) {
    const [cx, cy] = [random.uniform(0.2, 0.8) * width, random.uniform(0.2, 0.8) * height];
    const [rx, ry] = [random.uniform(0.05, 0.2) * width, random.uniform(0.05, 0.2) * height];
    const [phase, tilt] = [random.uniform(0, 6), random.uniform(0.02, 0.1)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const distance = (1 - Math.hypot((x - cx) / rx, (y - cy) / ry)) * Math.min(rx, ry);
        const smooth = Math.sin(tilt * (x + 2 * y) + phase);
        const own = 9 * Math.tanh(distance / 6) - 0.5 + 0.8 * smooth + noise * random.normal();
        logits[(y * width + x) * classes + c] = own;
      }
    }
  }
  return logits;
}

export function classNames(classes: number): string[] {
  return Array.from({ length: classes }, (_, c) => `class-${c}`);
}
