import type { WindowOf, WindowSums } from '../windowSums.ts';

/** The kernel `addWindow`, in the same order and precision. */
export function addWindow(
  { data, counts, height, width, classes }: WindowSums,
  { logits, size, weights, place: { top, left } }: WindowOf,
): void {
  for (let y = Math.max(top, 0); y < Math.min(top + size.height, height); y++) {
    for (let x = Math.max(left, 0); x < Math.min(left + size.width, width); x++) {
      const from = (y - top) * size.width + x - left;
      const to = y * width + x;
      const weight = weights[from]!;
      counts[to]! += weight;
      for (let c = 0; c < classes; c++) {
        data[to * classes + c]! += Math.fround(weight * logits[from * classes + c]!);
      }
    }
  }
}

/** The kernel `divideWindows`. */
export function divideWindows({ data, counts, classes }: WindowSums): void {
  for (let i = 0; i < data.length; i++) data[i]! /= counts[Math.floor(i / classes)]!;
}
