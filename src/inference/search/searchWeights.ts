import type { SampleEntry } from '../../data/dataset.ts';
import { mapConcurrently } from '../../data/mapConcurrently.ts';
import { crossValidate } from './crossValidate.ts';
import type { Validated } from './crossValidate.ts';
import type { Finding } from './decisions.ts';
import type { Evidence } from './evidence.ts';
import { isKept, mean } from './gain.ts';
import { searchShares } from './methods.ts';
import type { WeightMethod } from './methods.ts';
import type { Dealt } from './people.ts';

type Shares = readonly number[];

export interface WeightSearchOptions {
  readonly evidence: Evidence;
  readonly dealt: Dealt;
  readonly entries: readonly SampleEntry[];
  readonly classes: readonly string[];
  /** Compared for all classes at once; the best one is then tried class by class. */
  readonly methods: readonly WeightMethod[];
  /** Whether classes may have weights of their own. */
  readonly perClass: boolean;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FoundWeights {
  /** `[classes][members]`, each summing to 1. */
  readonly shares: readonly Shares[];
  /** Of weights for all classes, by method. */
  readonly findings: readonly Finding[];
  /** Of what they and weights of its own are worth to each class, `[classes]`. */
  readonly classFindings: readonly (readonly Finding[])[];
}

/** Weights that are better than equal ones, where cross-validation over people says that they are. */
export async function searchWeights(options: WeightSearchOptions): Promise<FoundWeights> {
  const { evidence, classes, methods, signal } = options;
  const { members } = evidence;
  const equal = new Array<number>(members).fill(1 / members);
  if (members === 1) {
    return { shares: classes.map(() => equal), findings: [], classFindings: classes.map(() => []) };
  }
  const all = classes.map((_, c) => c);
  const search = new ShareSearch(options);
  const compared: { method: WeightMethod; validated: Validated<Shares> }[] = [];
  for (const method of methods) {
    compared.push({ method, validated: await search.validated(method, all, all, equal) });
  }
  const best = compared.reduce((a, b) => (b.validated.gain.mean > a.validated.gain.mean ? b : a));
  const isBetter = isKept(best.validated.gain);
  const global = isBetter ? best.validated.choice : equal;
  const classFindings = await mapConcurrently(
    all,
    async (c) => {
      const findings: Finding[] = [];
      if (isBetter) {
        const validated = await search.validated(best.method, all, [c], equal);
        findings.push({ ...weightFinding('weights', best.method, validated), kept: true });
      }
      if (!options.perClass) return { shares: global, findings };
      const own = await search.validated(best.method, [c], [c], global);
      const finding = weightFinding('class weights', best.method, own);
      return { shares: finding.kept ? own.choice : global, findings: [...findings, finding] };
    },
    { signal },
  );
  return {
    shares: classFindings.map(({ shares }) => shares),
    findings: compared.map(({ method, validated }) => ({
      ...weightFinding('weights', method, validated),
      kept: validated.choice === global,
    })),
    classFindings: classFindings.map(({ findings }) => findings),
  };
}

/** Shares found by a method on some images for some classes; each is found once. */
class ShareSearch {
  readonly #options: WeightSearchOptions;
  readonly #found = new Map<string, Promise<Shares>>();

  constructor(options: WeightSearchOptions) {
    this.#options = options;
  }

  /**
   * What shares that are best for the classes `of` are worth to the classes `on`.
   *
   * @param base what they are compared with.
   */
  validated(
    method: WeightMethod,
    of: readonly number[],
    on: readonly number[],
    base: Shares,
  ): Promise<Validated<Shares>> {
    const { dealt, entries } = this.#options;
    const choose = (images: readonly number[]): Promise<Shares> => {
      const key = `${method} ${of.join()} ${images.join()}`;
      const found = this.#found.get(key) ?? this.#find(method, of, images);
      this.#found.set(key, found);
      return found;
    };
    const differences = async (shares: Shares, images: readonly number[]): Promise<number[]> => {
      const dice = await this.#dice([base, shares], images, on);
      return images.map((_, i) => mean(dice.map(([before, after]) => after![i]! - before![i]!)));
    };
    return crossValidate(choose, differences, dealt, entries);
  }

  #find(method: WeightMethod, of: readonly number[], images: readonly number[]): Promise<Shares> {
    const { evidence, seed, signal } = this.#options;
    const known = new Map<string, number>();
    const objective = async (candidates: readonly Shares[]): Promise<number[]> => {
      signal?.throwIfAborted();
      const fresh = candidates.filter((shares) => !known.has(shares.join()));
      const dice = fresh.length === 0 ? [] : await this.#dice(fresh, images, of);
      for (const [k, shares] of fresh.entries()) {
        known.set(shares.join(), mean(dice.map((ofClass) => mean(ofClass[k]!))));
      }
      return candidates.map((shares) => known.get(shares.join())!);
    };
    return searchShares(method, objective, { members: evidence.members, seed });
  }

  /** `[of][candidates][images]`. */
  #dice(
    candidates: readonly Shares[],
    images: readonly number[],
    of: readonly number[],
  ): Promise<number[][][]> {
    const { evidence } = this.#options;
    return Promise.all(
      of.map(async (c) =>
        (await evidence.dice(c, candidates, [0.5], images)).map((ofImages) =>
          ofImages.map(([value]) => value!),
        ),
      ),
    );
  }
}

function weightFinding(step: Finding['step'], method: WeightMethod, validated: Validated<Shares>): Finding {
  const shares = validated.choice.map((share) => share.toFixed(2)).join(' ');
  return findingOf(step, `${method} ${shares}`, validated);
}

/** What was tried, and whether it is kept by the rule. */
export function findingOf(step: Finding['step'], choice: string, validated: Validated<unknown>): Finding {
  const { gain, searchGain, heldOutGain } = validated;
  return {
    step,
    choice,
    kept: isKept(gain),
    gain: {
      search: searchGain,
      crossValidated: gain.mean,
      standardError: gain.standardError,
      ...(heldOutGain === undefined ? {} : { heldOut: heldOutGain }),
    },
  };
}
