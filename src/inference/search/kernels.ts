import type { LabelMap } from '../../labels/labelMap.ts';
import type { Logits } from '../../labels/upsample.ts';
import { nativePixels } from '../../pixels/native.ts';
import { encodingTable } from '../store/quantization.ts';

/** One class of one image. */
export interface DisputedPixels {
  /** Samples of the truth. */
  readonly labelled: number;
  /** Samples that every member gives to the class, at every threshold of the range. */
  readonly predicted: number;
  /** Those of them that the truth has too. */
  readonly shared: number;
  /** Samples that weights or thresholds can move; evenly spread ones are kept where they are too many. */
  readonly disputed: number;
  /** Stored bytes of the members' logits there, `[members, kept]`. */
  readonly codes: Uint8Array;
  /** 1 where the truth has the class, `[kept]`. */
  readonly truth: Uint8Array;
}

/** What is counted of which pixels. */
export interface SweepRequest {
  /** `[members, pixels]`, stored bytes. */
  readonly codes: Uint8Array;
  /** `[pixels]`, 1 where the truth has the class. */
  readonly truth: Uint8Array;
  /** First pixel of each image, and the end of the last, `[images + 1]`. */
  readonly starts: Uint32Array;
  /** What is averaged, by stored byte, `[256]`. */
  readonly values: Float32Array;
  /** `[candidates][members]`. */
  readonly weights: readonly (readonly number[])[];
  /** Ascending, on the scale of `values`. */
  readonly thresholds: Float32Array;
  /** Which images. */
  readonly images: Uint32Array;
}

/** Where a label map is sampled: every `stride`-th pixel from `stride / 2` on, in both directions. */
export interface SampleGrid {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly stride: number;
}

/** Which samples count as disputed. */
export interface DisputeRange {
  /** Stored byte at or below which a threshold cannot be. */
  readonly low: number;
  /** Stored byte above which a threshold cannot be. */
  readonly high: number;
  /** Most pixels kept of each class. */
  readonly limit: number;
}

interface SearchKernels {
  sampleCodes(
    logits: Float32Array,
    height: number,
    width: number,
    classes: number,
    imageHeight: number,
    imageWidth: number,
    stride: number,
    encoding: Uint8Array,
  ): Promise<Uint8Array>;
  disputedPixels(
    members: readonly Uint8Array[],
    planes: readonly Uint32Array[],
    width: number,
    height: number,
    classes: number,
    stride: number,
    low: number,
    high: number,
    limit: number,
  ): Promise<(readonly [counts: Float64Array, codes: Uint8Array, truth: Uint8Array])[]>;
  sweepMeans(
    codes: Uint8Array,
    truth: Uint8Array,
    starts: Uint32Array,
    values: Float32Array,
    weights: Float32Array,
    candidates: number,
    thresholds: Float32Array,
    images: Uint32Array,
  ): Promise<Float64Array>;
}

/**
 * Logits upsampled to the samples of an image (bilinear, `align_corners=False`) as stored bytes, off the JavaScript
 * thread.
 *
 * @returns `[classes, rows, columns]`.
 */
export function sampleCodes(logits: Logits, { width, height, stride }: SampleGrid): Promise<Uint8Array> {
  const { data, classes } = logits;
  return nativePixels<SearchKernels>().sampleCodes(
    data,
    logits.height,
    logits.width,
    classes,
    height,
    width,
    stride,
    encodingTable,
  );
}

/**
 * Splits an image's samples into those on which all members agree whatever their weights and the rest, class by class,
 * off the JavaScript thread.
 *
 * @param members what `sampleCodes` gives of each.
 */
export async function disputedPixels(
  members: readonly Uint8Array[],
  truth: LabelMap,
  stride: number,
  { low, high, limit }: DisputeRange,
): Promise<DisputedPixels[]> {
  const { planes, width, height, classes } = truth;
  const kernels = nativePixels<SearchKernels>();
  const found = await kernels.disputedPixels(
    members,
    planes,
    width,
    height,
    classes,
    stride,
    low,
    high,
    limit,
  );
  return found.map(([counts, codes, ofTruth]) => {
    const [labelled, predicted, shared, disputed] = counts as unknown as [number, number, number, number];
    return { labelled, predicted, shared, disputed, codes, truth: ofTruth };
  });
}

/**
 * Counts the pixels whose weighted sum is above each threshold, and those of them that the truth has, off the
 * JavaScript thread.
 *
 * @returns `[candidates, images, thresholds, 2]`.
 */
export function sweepMeans(request: SweepRequest): Promise<Float64Array> {
  const { codes, truth, starts, values, weights, thresholds, images } = request;
  const flat = Float32Array.from(weights.flat());
  return nativePixels<SearchKernels>().sweepMeans(
    codes,
    truth,
    starts,
    values,
    flat,
    weights.length,
    thresholds,
    images,
  );
}
