import type { Logits } from '../../src/labels/upsample.ts';

/** Bilinear resize by definition, as PyTorch's `interpolate(align_corners=False)`, in double precision. */
export function plainResize(
  { width, height, classes, data }: Logits,
  toWidth: number,
  toHeight: number,
): Logits {
  const resized = new Float32Array(toWidth * toHeight * classes);
  const tap = (i: number, from: number, to: number): [number, number, number] => {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const first = Math.floor(position);
    return [first, Math.min(first + 1, from - 1), position - first];
  };
  for (let y = 0; y < toHeight; y++) {
    const [top, bottom, v] = tap(y, height, toHeight);
    for (let x = 0; x < toWidth; x++) {
      const [left, right, u] = tap(x, width, toWidth);
      for (let c = 0; c < classes; c++) {
        const at = (row: number, column: number): number => data[(row * width + column) * classes + c]!;
        resized[(y * toWidth + x) * classes + c] =
          (1 - v) * ((1 - u) * at(top, left) + u * at(top, right)) +
          v * ((1 - u) * at(bottom, left) + u * at(bottom, right));
      }
    }
  }
  return { width: toWidth, height: toHeight, classes, data: resized };
}
