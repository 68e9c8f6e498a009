let quantiles: Float64Array | undefined;

/** The standard normal distribution in 65,536 equally likely values. */
export function normalQuantiles(): Float64Array {
  quantiles ??= Float64Array.from({ length: 65536 }, (_, i) => normalQuantile((i + 0.5) / 65536));
  return quantiles;
}

/** Acklam's rational approximation of the normal quantile, relative error below 1.2e-9. */
export function normalQuantile(p: number): number {
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716];
  const b = [
    -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
  ];
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const horner = (coefficients: readonly number[], x: number): number =>
    coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return horner([...c, 4.374664141464968, 2.938163982698783], q) / horner([...d, 1], q);
  }
  const q = p - 0.5;
  const r = q * q;
  return (q * horner([...a, 2.506628277459239], r)) / horner([...b, 1], r);
}
