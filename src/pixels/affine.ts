/** `[a, b, c, d, e, f]`: pixel `(x, y)` goes to `(a x + b y + c, d x + e y + f)`, pixel centres at integers. */
export type AffineMatrix = readonly [number, number, number, number, number, number];

/** The inverse as OpenCV computes it; zeros for a singular matrix. */
export function invertAffine([a, b, c, d, e, f]: AffineMatrix): AffineMatrix {
  const determinant = a * e - b * d;
  const scale = determinant === 0 ? 0 : 1 / determinant;
  const [ia, ib, id, ie] = [e * scale, b * -scale, d * -scale, a * scale];
  return [ia, ib, -ia * c - ib * f, id, ie, -id * c - ie * f];
}

/** The map that applies `second` to what `first` gives. */
export function affineProduct(second: AffineMatrix, first: AffineMatrix): AffineMatrix {
  const [a, b, c, d, e, f] = second;
  const [g, h, i, j, k, l] = first;
  return [a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f];
}
