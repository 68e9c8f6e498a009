/** Weights that OpenCV takes instead of samples of the Gaussian when only the size is given. */
const small: Readonly<Record<number, readonly number[]>> = {
  1: [1],
  3: [0.25, 0.5, 0.25],
  5: [0.0625, 0.25, 0.375, 0.25, 0.0625],
  7: [0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125],
};

/**
 * Normalized samples of a Gaussian (`cv2.getGaussianKernel`).
 *
 * @param taps Odd.
 * @param sigma In pixels; 0 or less follows from the number of taps.
 */
export function smoothingKernel(taps: number, sigma: number): Float32Array {
  if (sigma <= 0 && small[taps] !== undefined) return Float32Array.from(small[taps]);
  const deviation = sigma > 0 ? sigma : 0.3 * ((taps - 1) * 0.5 - 1) + 0.8;
  const weights = Array.from({ length: taps }, (_, i) =>
    Math.exp(-((i - (taps - 1) / 2) ** 2) / (2 * deviation * deviation)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}
