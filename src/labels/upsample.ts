import { nativePixels } from '../pixels/native.ts';
import { createLabelMap } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';

/** What a network says about one image: `[height, width, classes]`, row-major, classes innermost. */
export interface Logits {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly classes: number;
  /** Length `height * width * classes`. */
  readonly data: Float32Array;
}

/** The label map to make of logits. */
export interface ThresholdOptions {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** `[classes]`, as logits: a probability threshold p is `log(p / (1 - p))`. */
  readonly thresholds: Float32Array;
}

interface UpsampleKernels {
  upsampleThresholdPack(
    logits: Float32Array,
    sourceWidth: number,
    sourceHeight: number,
    thresholds: Float32Array,
    target: readonly Uint32Array[],
    width: number,
    height: number,
  ): Promise<unknown>;
}

/** The logit of a probability in (0, 1), the inverse of the sigmoid. */
export function logitOf(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/**
 * Interpolates logits to the size of the image and sets the classes whose logit is above its threshold, off the
 * JavaScript thread, without ever making the interpolated planes. Bilinear as PyTorch's
 * `F.interpolate(..., mode='bilinear', align_corners=False)`, also when the target is smaller. NaN is not above anything.
 *
 * @throws RangeError when sizes and lengths do not fit together.
 */
export async function upsampleThresholdPack(logits: Logits, options: ThresholdOptions): Promise<LabelMap> {
  const { width, height, thresholds } = options;
  if (thresholds.length !== logits.classes) {
    throw new RangeError(`${thresholds.length} thresholds for ${logits.classes} classes`);
  }
  const labels = createLabelMap(width, height, logits.classes);
  await nativePixels<UpsampleKernels>().upsampleThresholdPack(
    logits.data,
    logits.width,
    logits.height,
    thresholds,
    labels.planes,
    width,
    height,
  );
  return labels;
}
