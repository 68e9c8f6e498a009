import type { SampleEntry } from '../../data/dataset.ts';
import { classAreas } from '../../labels/overlap.ts';
import { postProcess } from '../postProcess/postProcess.ts';
import type { PostProcess } from '../postProcess/spec.ts';
import type { Decisions, Finding } from './decisions.ts';
import { Evidence } from './evidence.ts';
import type { EvidenceOptions } from './evidence.ts';
import { FullSizeScorer } from './fullSize.ts';
import { mean } from './gain.ts';
import { weightMethods } from './methods.ts';
import type { WeightMethod } from './methods.ts';
import { dealPeople } from './people.ts';
import type { Dealt } from './people.ts';
import { searchPostProcess } from './searchPostProcess.ts';
import { searchThreshold } from './searchThresholds.ts';
import { searchWeights } from './searchWeights.ts';

/** What is looked for, and on whom. */
export interface SearchSettings {
  /** Methods whose weights are compared. Default all. */
  readonly methods?: readonly WeightMethod[];
  /** Whether classes may have weights of their own. Default true. */
  readonly perClass?: boolean;
  /** Whether thresholds are looked for. Default true. */
  readonly thresholds?: boolean;
  /** Whether post-processing is looked for. Default true. */
  readonly postProcess?: boolean;
  /** Share of the people that the search never sees. Default 0.2. */
  readonly heldOut?: number;
  /** Parts of the other people, for cross-validation. Default 4. */
  readonly parts?: number;
  /** Of the dealing and of the methods. Default 0. */
  readonly seed?: number;
}

export interface SearchOptions extends SearchSettings, Omit<EvidenceOptions, 'onProgress'> {
  readonly onProgress?: (progress: SearchProgress) => void;
}

export interface SearchProgress {
  readonly phase: 'reading' | 'weights' | 'masks' | 'scoring';
  /** Images; classes for `weights`. */
  readonly done: number;
  readonly total: number;
}

/** How an ensemble is joined. */
interface Setup {
  /** `[classes][members]`. */
  readonly shares: readonly (readonly number[])[];
  readonly thresholds: readonly number[];
  readonly settings: readonly PostProcess[];
}

/**
 * Looks for members' weights, thresholds and post-processing on logits of images that the members' models have not seen.
 * Each step keeps only what cross-validation over people says is a gain (`isKept`), on top of the steps before it;
 * a part of the people is held out from everything, to show what carries over. The same seed and logits give the same
 * decisions.
 *
 * @throws PhalanxError `search/too-few`, and what `Evidence.collect` throws; the signal's reason.
 */
export async function searchEnsemble(options: SearchOptions): Promise<Decisions> {
  const { members, entries, classes, seed = 0, methods = weightMethods, signal } = options;
  const { heldOut = 0.2, parts = 4, onProgress } = options;
  const dealt = dealPeople(entries, { heldOut, parts, seed });
  const report = (phase: SearchProgress['phase']) => (done: number, total: number) => {
    onProgress?.({ phase, done, total });
  };
  const evidence = await Evidence.collect({ ...options, onProgress: report('reading') });
  report('weights')(0, 1);
  const found = await searchWeights({
    evidence,
    dealt,
    entries,
    classes,
    methods,
    perClass: options.perClass ?? true,
    seed,
    signal,
  });
  const { shares } = found;
  const findings: Finding[][] = found.classFindings.map((ofClass) => [...ofClass]);
  const thresholds = classes.map(() => 0.5);
  if (options.thresholds ?? true) {
    for (const [c, ofClass] of shares.entries()) {
      const { threshold, finding } = await searchThreshold(c, ofClass, evidence, dealt, entries);
      thresholds[c] = threshold;
      findings[c]!.push(finding);
    }
  }
  report('weights')(1, 1);
  const scorer = new FullSizeScorer(options);
  const equal = classes.map(() => members.map(() => 1 / members.length));
  const plain = { shares: equal, thresholds: classes.map(() => 0.5), settings: classes.map(() => ({})) };
  const before = await scoresOf(scorer, plain, options, report('scoring'));
  const settings =
    (options.postProcess ?? true)
      ? await searchPostProcess({
          scorer,
          dealt,
          entries,
          thresholds,
          shares: byMember(shares),
          areas: before.areas,
          side: before.side,
          onProgress: report('masks'),
          signal,
        })
      : { settings: plain.settings, findings: classes.map(() => []) };
  const chosen: Setup = { shares, thresholds, settings: settings.settings };
  const after = await scoresOf(scorer, chosen, options, report('scoring'));
  return {
    version: 1,
    members: members.map(({ name }) => name),
    classes: classes.map((name, c) => {
      const all = [...findings[c]!, ...settings.findings[c]!];
      const ofBefore = scoreOf(before.dice, c, dealt);
      const kept = all.filter((finding) => finding.kept).map(({ gain }) => gain.crossValidated);
      return {
        name,
        weights: [...shares[c]!],
        threshold: thresholds[c]!,
        postProcess: settings.settings[c]!,
        before: ofBefore,
        after: scoreOf(after.dice, c, dealt),
        crossValidated: kept.reduce((sum, gain) => sum + gain, ofBefore.search),
        findings: all,
      };
    }),
    findings: [...found.findings],
    searched: countsOf(dealt.search, entries),
    heldOut: countsOf(dealt.heldOut, entries),
    seed,
    methods: [...methods],
  };
}

/** Dice, `[images][classes]`, and what the annotations say of areas and sizes. */
async function scoresOf(
  scorer: FullSizeScorer,
  { shares, thresholds, settings }: Setup,
  { entries, signal }: SearchOptions,
  onProgress: (done: number, total: number) => void,
): Promise<{ dice: Float64Array[]; areas: Float64Array[]; side: number }> {
  const dice: Float64Array[] = [];
  const areas: Float64Array[] = [];
  let side = 0;
  for (const entry of entries) {
    signal?.throwIfAborted();
    const { cut, truth } = await scorer.read(entry, byMember(shares));
    dice.push(await scorer.dice(await postProcess(cut, thresholds, settings), truth));
    areas.push(await classAreas(truth));
    side = Math.max(side, truth.width, truth.height);
    onProgress(dice.length, entries.length);
  }
  return { dice, areas, side };
}

/** `[classes][members]` as `[members][classes]`. */
function byMember(shares: readonly (readonly number[])[]): number[][] {
  return shares[0]!.map((_, m) => shares.map((ofClass) => ofClass[m]!));
}

function scoreOf(
  dice: readonly Float64Array[],
  c: number,
  { search, heldOut }: Dealt,
): { search: number; heldOut?: number } {
  const over = (images: readonly number[]): number => mean(images.map((image) => dice[image]![c]!));
  return { search: over(search), ...(heldOut.length === 0 ? {} : { heldOut: over(heldOut) }) };
}

function countsOf(
  images: readonly number[],
  entries: readonly SampleEntry[],
): { images: number; people: number } {
  return { images: images.length, people: new Set(images.map((image) => entries[image]!.person)).size };
}
