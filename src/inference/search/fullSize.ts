import type { SampleEntry } from '../../data/dataset.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { countAgreement } from '../../labels/overlap.ts';
import { logitOf, upsampleThresholdPack } from '../../labels/upsample.ts';
import { combineLogits } from '../ensemble/combine.ts';
import type { Cut } from '../postProcess/postProcess.ts';
import type { EvidenceOptions } from './evidence.ts';

/** Members joined and scored at the images' own size. */
export class FullSizeScorer {
  readonly #options: Pick<EvidenceOptions, 'members' | 'truth' | 'bothEmpty'>;

  constructor(options: Pick<EvidenceOptions, 'members' | 'truth' | 'bothEmpty'>) {
    this.#options = options;
  }

  /** @param shares `[members][classes]`. */
  async read(
    entry: SampleEntry,
    shares: readonly (readonly number[])[],
  ): Promise<{ cut: Cut; truth: LabelMap }> {
    const { members } = this.#options;
    const used = members.flatMap((member, m) =>
      shares[m]!.some((share) => share > 0) ? [{ member, shares: shares[m]! }] : [],
    );
    const files = await Promise.all(used.map(({ member }) => member.storeOf(entry).read(entry.id)));
    const logits = await combineLogits(
      files,
      used.map((one) => one.shares),
    );
    const truth = await this.#options.truth(entry);
    const { width, height } = truth;
    const cut: Cut = (thresholds) =>
      upsampleThresholdPack(logits, { width, height, thresholds: Float32Array.from(thresholds, logitOf) });
    return { cut, truth };
  }

  /** Dice of each class, `[classes]`. */
  async dice(predicted: LabelMap, truth: LabelMap): Promise<Float64Array> {
    const { intersection, predicted: areas, target } = await countAgreement(predicted, truth);
    return intersection.map((shared, c) => {
      const sum = areas[c]! + target[c]!;
      return sum === 0 ? (this.#options.bothEmpty ?? 0) : (2 * shared) / (sum + 1e-4);
    });
  }
}
