import { mapConcurrently } from '../../data/mapConcurrently.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { encodeRle, rleDialects } from '../../labels/rle.ts';
import { logitOf, upsampleRle, upsampleThresholdPack } from '../../labels/upsample.ts';
import type { Logits, ThresholdOptions } from '../../labels/upsample.ts';
import { release } from '../../pixels/memory.ts';
import type { LogitFile } from '../store/logitFile.ts';
import { leavesOf, logitShares } from './combination.ts';
import type { AnyMember, Combination } from './combination.ts';
import { combineLogits } from './combine.ts';
import type { EnsembleMember } from './combine.ts';
import { jointLabels } from './jointLabels.ts';

/** Most logits of a mean that are in memory at once; larger means are taken class by class. */
const mostLogits = 2 ** 25;
/** Most compressed bytes of all models that are unpacked at once. */
const mostBytes = 48 * 2 ** 20;

/** The members' joint labels of one image after another. */
export class EnsemblePrediction {
  readonly #joint: { readonly members: readonly AnyMember[]; readonly combine: Combination };
  readonly #leaves: readonly EnsembleMember[];
  readonly #shares: readonly (readonly number[])[] | undefined;
  readonly #thresholds: readonly number[];

  /** @param thresholds probabilities, `[classes]`. */
  constructor(
    members: readonly AnyMember[],
    classes: readonly string[],
    thresholds: readonly number[],
    combine: Combination = 'logits',
  ) {
    this.#joint = { members, combine };
    this.#leaves = leavesOf(members);
    this.#shares = logitShares(this.#joint, classes.length);
    this.#thresholds = thresholds;
  }

  /** At the image's own size. */
  async labels(image: string): Promise<LabelMap> {
    return (await this.#upsampled(image, upsampleThresholdPack)) ?? (await this.#joined(image));
  }

  /** RLE of each class. */
  async rows(image: string): Promise<readonly string[]> {
    const dialect = rleDialects.handBone;
    const rows = await this.#upsampled(image, (logits, options) => upsampleRle(logits, options, dialect));
    return rows ?? encodeRle(await this.#joined(image), dialect);
  }

  /** Undefined where the mean cannot be taken before upsampling. */
  async #upsampled<Result>(
    image: string,
    upsample: (logits: Logits, options: ThresholdOptions) => Promise<Result>,
  ): Promise<Result | undefined> {
    const shares = this.#shares;
    if (shares === undefined) return undefined;
    const files = await this.#files(image);
    if (!fitsWhole(files)) return undefined;
    const { originalHeight: height, originalWidth: width } = files[0]!.info;
    const logits = await combineLogits(files, shares);
    const thresholds = Float32Array.from(this.#thresholds, logitOf);
    const result = await upsample(logits, { width, height, thresholds });
    release([logits.data]);
    return result;
  }

  async #joined(image: string): Promise<LabelMap> {
    return jointLabels(this.#joint, await this.#files(image), this.#thresholds);
  }

  #files(image: string): Promise<LogitFile[]> {
    return mapConcurrently(this.#leaves, ({ store }) => store.read(image));
  }
}

/** Whether a mean of logits can be taken before upsampling, all classes at once: of one resolution, and not too large. */
function fitsWhole(files: readonly LogitFile[]): boolean {
  const { height, width, classes } = files[0]!.info;
  return (
    files.every(({ info }) => info.height === height && info.width === width) &&
    height * width * classes.length <= mostLogits &&
    files.reduce((sum, { bytes }) => sum + bytes, 0) <= mostBytes
  );
}
