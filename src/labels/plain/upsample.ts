import { createLabelMap } from '../labelMap.ts';
import type { LabelMap } from '../labelMap.ts';
import type { Logits, ThresholdOptions } from '../upsample.ts';

const { fround, max, min, trunc } = Math;

interface Tap {
  readonly low: number;
  readonly high: number;
  readonly lowWeight: number;
  readonly highWeight: number;
}

/** Where one target position lies between two source positions, in 32-bit floats as in PyTorch. */
function tap(index: number, length: number, sourceLength: number): Tap {
  const scale = fround(sourceLength / length);
  const source = max(0, fround(fround(scale * fround(index + 0.5)) - 0.5));
  const low = min(trunc(source), sourceLength - 1);
  const highWeight = min(max(fround(source - low), 0), 1);
  return { low, high: min(low + 1, sourceLength - 1), lowWeight: fround(1 - highWeight), highWeight };
}

/**
 * Bilinear interpolation to `[height, width, classes]`, value for value what the kernel compares with its thresholds;
 * PyTorch's `F.interpolate(..., mode='bilinear', align_corners=False)` up to rounding.
 */
export function upsampleBilinear(logits: Logits, width: number, height: number): Float32Array {
  const { classes, data } = logits;
  const result = new Float32Array(width * height * classes);
  const columns = Array.from({ length: width }, (_, x) => tap(x, width, logits.width));
  let next = 0;
  for (let y = 0; y < height; y++) {
    const row = tap(y, height, logits.height);
    for (const column of columns) {
      for (let c = 0; c < classes; c++) {
        const at = (sy: number, sx: number) => data[(sy * logits.width + sx) * classes + c]!;
        const mix = (sy: number) =>
          fround(
            fround(at(sy, column.low) * column.lowWeight) + fround(at(sy, column.high) * column.highWeight),
          );
        result[next++] = fround(mix(row.low) * row.lowWeight) + fround(mix(row.high) * row.highWeight);
      }
    }
  }
  return result;
}

/** The twin of `upsampleThresholdPack`. */
export function upsampleThresholdPackPlain(
  logits: Logits,
  { width, height, thresholds }: ThresholdOptions,
): LabelMap {
  const labels = createLabelMap(width, height, logits.classes);
  const values = upsampleBilinear(logits, width, height);
  for (const [index, value] of values.entries()) {
    const c = index % logits.classes;
    if (value > thresholds[c]!) labels.planes[c >> 5]![(index - c) / logits.classes]! |= 1 << (c & 31);
  }
  return labels;
}
