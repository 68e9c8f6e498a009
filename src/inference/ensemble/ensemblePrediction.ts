import { mapConcurrently } from '../../data/mapConcurrently.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { encodeRle, rleDialects } from '../../labels/rle.ts';
import { logitOf, upsampleRle, upsampleThresholdPack } from '../../labels/upsample.ts';
import type { Logits } from '../../labels/upsample.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { release } from '../../pixels/memory.ts';
import { postProcess } from '../postProcess/postProcess.ts';
import type { Cut } from '../postProcess/postProcess.ts';
import type { PostProcess } from '../postProcess/spec.ts';
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
  readonly #postProcess: readonly PostProcess[];

  /**
   * @param thresholds probabilities, `[classes]`.
   * @param settings of each class's masks, `[classes]`; none unless given.
   */
  constructor(
    members: readonly AnyMember[],
    classes: readonly string[],
    thresholds: readonly number[],
    combine: Combination = 'logits',
    settings: readonly PostProcess[] = classes.map(() => ({})),
  ) {
    this.#joint = { members, combine };
    this.#leaves = leavesOf(members);
    this.#shares = logitShares(this.#joint, classes.length);
    this.#thresholds = thresholds;
    this.#postProcess = settings;
  }

  /** At the image's own size. */
  async labels(image: string): Promise<LabelMap> {
    return this.#labelsOf(await this.#open(image));
  }

  /** RLE of each class. */
  async rows(image: string): Promise<readonly string[]> {
    const dialect = rleDialects.handBone;
    const opened = await this.#open(image);
    const { size, mean } = opened;
    if (mean !== undefined && !isWorkedOn(this.#postProcess)) {
      const rows = await upsampleRle(mean, { ...size, thresholds: logitsOf(this.#thresholds) }, dialect);
      release([mean.data]);
      return rows;
    }
    const labels = await this.#labelsOf(opened);
    const rows = await encodeRle(labels, dialect);
    release(labels.planes);
    return rows;
  }

  async #labelsOf({ size, files, mean }: Opened): Promise<LabelMap> {
    const cut: Cut = (thresholds) =>
      mean === undefined
        ? jointLabels(this.#joint, files, thresholds)
        : upsampleThresholdPack(mean, { ...size, thresholds: logitsOf(thresholds) });
    const labels = await postProcess(cut, this.#thresholds, this.#postProcess);
    if (mean !== undefined) release([mean.data]);
    return labels;
  }

  /** The image's logits, and their mean where it can be taken before upsampling. */
  async #open(image: string): Promise<Opened> {
    const files = await mapConcurrently(this.#leaves, ({ store }) => store.read(image));
    const { originalHeight: height, originalWidth: width } = files[0]!.info;
    const takesMean = this.#shares !== undefined && fitsWhole(files);
    const mean = takesMean ? await combineLogits(files, this.#shares) : undefined;
    return { size: { width, height }, files, mean };
  }
}

interface Opened {
  /** Of the image. */
  readonly size: ImageSize;
  /** In the order of the leaves. */
  readonly files: readonly LogitFile[];
  readonly mean: Logits | undefined;
}

/** Whether anything is done to the masks of any class. */
export function isWorkedOn(settings: readonly PostProcess[]): boolean {
  return settings.some((setting) => Object.values(setting).some((value) => value !== undefined));
}

function logitsOf(thresholds: readonly number[]): Float32Array {
  return Float32Array.from(thresholds, logitOf);
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
