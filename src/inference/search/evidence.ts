import type { SampleEntry } from '../../data/dataset.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { logitOf } from '../../labels/upsample.ts';
import { requireAgreement } from '../ensemble/members.ts';
import type { LogitStore } from '../store/logitStore.ts';
import { mixLogits } from '../store/packedPlane.ts';
import { decodingTable, storedByte } from '../store/quantization.ts';
import { disputedPixels, sampleCodes, sweepMeans } from './kernels.ts';
import type { DisputedPixels } from './kernels.ts';

/** One model, or the folds of one, each of which predicts the images that it has not seen. */
export interface SearchMember {
  readonly name: string;
  /** Where the logits of an image lie that its model was not trained on. */
  readonly storeOf: (entry: SampleEntry) => LogitStore;
}

export interface EvidenceOptions {
  readonly members: readonly SearchMember[];
  readonly entries: readonly SampleEntry[];
  readonly classes: readonly string[];
  /** The annotation at the image's own size. */
  readonly truth: (entry: SampleEntry) => Promise<LabelMap>;
  /** What Dice is where a class is neither labelled nor predicted. Default 0, as the hand-bone competition has it. */
  readonly bothEmpty?: 0 | 1;
  /** Most bytes kept of all images. Default 256 MB. */
  readonly budget?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

interface ClassEvidence {
  readonly codes: Uint8Array;
  readonly truth: Uint8Array;
  readonly starts: Uint32Array;
  readonly images: readonly Omit<DisputedPixels, 'codes' | 'truth'>[];
}

/** Probabilities between which thresholds can be asked for. */
export const thresholdRange = [0.1, 0.9] as const;

/** Samples along the longer side of an image. */
const samplesPerSide = 512;

/**
 * What hard Dice needs to know of the members' logits to be computed for any weights and thresholds: of every image and
 * class how many sampled pixels all members agree on, and the members' stored bytes where they do not. A weighted mean
 * lies between the least and the greatest of its parts, so the rest cannot change; 1 to 3 % of the pixels remain, and
 * one evaluation costs milliseconds.
 */
export class Evidence {
  readonly members: number;
  readonly images: number;
  readonly #classes: readonly ClassEvidence[];
  readonly #bothEmpty: number;

  private constructor(members: number, images: number, classes: readonly ClassEvidence[], bothEmpty: number) {
    this.members = members;
    this.images = images;
    this.#classes = classes;
    this.#bothEmpty = bothEmpty;
  }

  /**
   * Reads every member's logits of every image once, one image and member at a time.
   *
   * @throws PhalanxError `ensemble/members-differ`, `logits/*`, and what `truth` throws; the signal's reason.
   */
  static async collect(options: EvidenceOptions): Promise<Evidence> {
    const { members, entries, classes, signal, budget = 256 * 2 ** 20 } = options;
    for (const group of sameStores(members, entries)) {
      const stores = members.map((member) => ({
        name: member.name,
        store: member.storeOf(group[0]!),
      }));
      await requireAgreement(stores, group, classes, signal);
    }
    const range = {
      low: storedByte(logitOf(thresholdRange[0])) - 1,
      high: storedByte(logitOf(thresholdRange[1])) + 1,
      limit: Math.max(64, Math.floor(budget / (entries.length * classes.length * (members.length + 1)))),
    };
    const found: DisputedPixels[][] = classes.map(() => []);
    for (const [index, entry] of entries.entries()) {
      signal?.throwIfAborted();
      const truth = await options.truth(entry);
      const { width, height } = truth;
      const stride = Math.max(1, Math.floor(Math.max(width, height) / samplesPerSide));
      const codes: Uint8Array[] = [];
      for (const member of members) {
        const file = await member.storeOf(entry).read(entry.id);
        const planes = await Promise.all(classes.map((_, c) => file.packedPlane(c)));
        const { height: rows, width: columns } = file.info;
        const data = await mixLogits([{ planes, weights: classes.map(() => 1) }], rows, columns);
        const logits = { height: rows, width: columns, classes: classes.length, data };
        codes.push(await sampleCodes(logits, { width, height, stride }));
      }
      const ofImage = await disputedPixels(codes, truth, stride, range);
      for (const [c, ofClass] of ofImage.entries()) found[c]!.push(ofClass);
      options.onProgress?.(index + 1, entries.length);
    }
    const joined = found.map((ofClass) => join(ofClass.splice(0), members.length));
    return new Evidence(members.length, entries.length, joined, options.bothEmpty ?? 0);
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#classes.reduce((sum, { codes, truth }) => sum + codes.length + truth.length, 0);
  }

  /**
   * Dice of one class for several weightings, per image and threshold.
   *
   * @param weights shares that sum to 1, `[candidates][members]`.
   * @param thresholds probabilities in `thresholdRange`, ascending.
   * @param images which of the images; all unless given.
   * @returns `[candidates][images][thresholds]`.
   */
  async dice(
    c: number,
    weights: readonly (readonly number[])[],
    thresholds: readonly number[],
    images: readonly number[] = Array.from({ length: this.images }, (_, i) => i),
  ): Promise<number[][][]> {
    const { codes, truth, starts, images: counted } = this.#classes[c]!;
    const counts = await sweepMeans({
      codes,
      truth,
      starts,
      values: meanValues,
      weights,
      thresholds: Float32Array.from(thresholds, logitOf),
      images: Uint32Array.from(images),
    });
    let at = 0;
    return weights.map(() =>
      images.map((image) => {
        const { labelled, predicted, shared, disputed } = counted[image]!;
        const kept = starts[image + 1]! - starts[image]!;
        const scale = kept === 0 ? 0 : disputed / kept;
        return thresholds.map(() => {
          const all = predicted + scale * counts[at++]!;
          const both = shared + scale * counts[at++]!;
          return all + labelled === 0 ? this.#bothEmpty : (2 * both) / (all + labelled + 1e-4);
        });
      }),
    );
  }
}

/** Byte 0 is not a code; nothing ever has it. */
const meanValues = decodingTable.map((value) => (Number.isNaN(value) ? 0 : value));

function join(images: readonly DisputedPixels[], members: number): ClassEvidence {
  const starts = new Uint32Array(images.length + 1);
  for (const [i, { truth }] of images.entries()) starts[i + 1] = starts[i]! + truth.length;
  const pixels = starts[images.length]!;
  const codes = new Uint8Array(members * pixels);
  const truth = new Uint8Array(pixels);
  for (const [i, image] of images.entries()) {
    const kept = image.truth.length;
    truth.set(image.truth, starts[i]);
    for (let m = 0; m < members; m++) {
      codes.set(image.codes.subarray(m * kept, (m + 1) * kept), m * pixels + starts[i]!);
    }
  }
  const counts = images.map(({ labelled, predicted, shared, disputed }) => ({
    labelled,
    predicted,
    shared,
    disputed,
  }));
  return { codes, truth, starts, images: counts };
}

/** Entries whose logits lie in the same folders: each of them is one prediction, made in one way. */
function sameStores(members: readonly SearchMember[], entries: readonly SampleEntry[]): SampleEntry[][] {
  const groups = new Map<string, SampleEntry[]>();
  for (const entry of entries) {
    const key = members.map((member) => member.storeOf(entry).root).join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()];
}
