const { fround } = Math;

/** `a * b + c` in float32, rounded once but for ties at double precision. */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  return fround(a * b + c);
}
