import type { LabelMap } from '../../../labels/labelMap.ts';
import { hasClass } from '../../../labels/plain/pixels.ts';
import { upsampleBilinear } from '../../../labels/plain/upsample.ts';
import type { Logits } from '../../../labels/upsample.ts';
import { storedByte } from '../../store/quantization.ts';
import type { DisputeRange, DisputedPixels, SampleGrid, SweepRequest } from '../kernels.ts';

const { fround } = Math;

function samples(length: number, stride: number): number[] {
  return Array.from({ length }, (_, i) => i).filter((i) => i % stride === stride >> 1);
}

/** The twin of `sampleCodes`. */
export function sampleCodesPlain(logits: Logits, { width, height, stride }: SampleGrid): Uint8Array {
  const { classes } = logits;
  const full = upsampleBilinear(logits, width, height);
  const codes = Array.from({ length: classes }, (_, c) =>
    samples(height, stride).flatMap((y) =>
      samples(width, stride).map((x) => storedByte(full[(y * width + x) * classes + c]!)),
    ),
  );
  return Uint8Array.from(codes.flat());
}

/** The twin of `disputedPixels`. */
export function disputedPixelsPlain(
  members: readonly Uint8Array[],
  truth: LabelMap,
  stride: number,
  { low, high, limit }: DisputeRange,
): DisputedPixels[] {
  const places = samples(truth.height, stride).flatMap((y) =>
    samples(truth.width, stride).map((x) => [x, y] as const),
  );
  return Array.from({ length: truth.classes }, (_, c) => {
    const all = places.map(([x, y], i) => ({
      codes: members.map((member) => member[c * places.length + i]!),
      inside: hasClass(truth, c, x, y),
    }));
    const certain = all.filter(({ codes }) => codes.every((code) => code > high));
    const open = all.filter(
      ({ codes }) => codes.some((code) => code > low) && codes.some((code) => code <= high),
    );
    const kept = Math.min(limit, open.length);
    const spread = Array.from({ length: kept }, (__, i) => open[Math.floor((i * open.length) / kept)]!);
    return {
      labelled: all.filter(({ inside }) => inside).length,
      predicted: certain.length,
      shared: certain.filter(({ inside }) => inside).length,
      disputed: open.length,
      codes: Uint8Array.from(members.flatMap((__, m) => spread.map(({ codes }) => codes[m]!))),
      truth: Uint8Array.from(spread, ({ inside }) => (inside ? 1 : 0)),
    };
  });
}

/** The twin of `sweepMeans`. */
export function sweepMeansPlain(request: SweepRequest): Float64Array {
  const { codes, truth, starts, values, weights, thresholds, images } = request;
  const counts: number[] = [];
  for (const candidate of weights) {
    for (const image of images) {
      const pixels = Array.from(
        { length: starts[image + 1]! - starts[image]! },
        (_, i) => starts[image]! + i,
      );
      const sums = pixels.map((pixel) =>
        candidate.reduce(
          (sum, weight, m) =>
            fround(sum + fround(values[codes[m * truth.length + pixel]!]! * fround(weight))),
          0,
        ),
      );
      for (const threshold of thresholds) {
        const above = pixels.filter((_, i) => sums[i]! > threshold);
        counts.push(above.length, above.filter((pixel) => truth[pixel] === 1).length);
      }
    }
  }
  return Float64Array.from(counts);
}
