import { nativePixels } from '../pixels/native.ts';
import { createLabelMap } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';
import { encodeRle, pairCounting } from './rle.ts';
import type { RleDialect } from './rle.ts';

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
  upsampleRle(
    logits: Float32Array,
    sourceWidth: number,
    sourceHeight: number,
    thresholds: Float32Array,
    width: number,
    height: number,
    relative: boolean,
    base: number,
  ): Promise<string[]>;
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
  checkThresholds(logits, options);
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

/**
 * What `encodeRle` makes of `upsampleThresholdPack`, one string per class, `[classes]`. For row-major pairs without ever
 * making the label map: time goes with the logits and the borders in them, not with the pixels of the image.
 *
 * @throws RangeError when sizes and lengths do not fit together.
 */
export async function upsampleRle(
  logits: Logits,
  options: ThresholdOptions,
  dialect: RleDialect,
): Promise<string[]> {
  if (dialect.order !== 'row-major') {
    return encodeRle(await upsampleThresholdPack(logits, options), dialect);
  }
  checkThresholds(logits, options);
  const texts = await nativePixels<UpsampleKernels>().upsampleRle(
    logits.data,
    logits.width,
    logits.height,
    options.thresholds,
    options.width,
    options.height,
    ...pairCounting(dialect),
  );
  return texts.map((text) => (text === '' ? dialect.empty : text));
}

function checkThresholds({ classes }: Logits, { thresholds }: ThresholdOptions): void {
  if (thresholds.length !== classes) {
    throw new RangeError(`${thresholds.length} thresholds for ${classes} classes`);
  }
}
