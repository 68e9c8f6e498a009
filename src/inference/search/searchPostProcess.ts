import type { SampleEntry } from '../../data/dataset.ts';
import { cutWhereSure, postProcessLabels } from '../postProcess/postProcess.ts';
import type { PostProcess } from '../postProcess/spec.ts';
import { crossValidate } from './crossValidate.ts';
import type { Finding } from './decisions.ts';
import type { FullSizeScorer } from './fullSize.ts';
import { mean } from './gain.ts';
import type { Dealt } from './people.ts';
import { candidatesOf, postProcessSteps, postProcessText } from './postProcessCandidates.ts';
import type { PostProcessStep } from './postProcessCandidates.ts';
import { findingOf } from './searchWeights.ts';

export interface PostProcessSearchOptions {
  readonly scorer: FullSizeScorer;
  readonly dealt: Dealt;
  readonly entries: readonly SampleEntry[];
  /** `[classes]`. */
  readonly thresholds: readonly number[];
  /** `[members][classes]`. */
  readonly shares: readonly (readonly number[])[];
  /** True area of each class in each image, `[images][classes]`, pixels. */
  readonly areas: readonly Float64Array[];
  /** Longer side of the images, pixels. */
  readonly side: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface FoundPostProcess {
  /** `[classes]`. */
  readonly settings: readonly PostProcess[];
  /** `[classes]`. */
  readonly findings: readonly (readonly Finding[])[];
}

/**
 * What is to be done to each class's masks, step by step in the order in which it is done, each on top of what was kept
 * before: on masks at full size, since a component or a hole is nothing that samples show.
 */
export async function searchPostProcess(options: PostProcessSearchOptions): Promise<FoundPostProcess> {
  const { thresholds, areas, side, dealt } = options;
  const settings: PostProcess[] = thresholds.map(() => ({}));
  const findings: Finding[][] = thresholds.map(() => []);
  const measures = thresholds.map((threshold, c) => ({
    side,
    threshold,
    area: median(dealt.search.map((image) => areas[image]![c]!).filter((area) => area > 0)),
  }));
  const absent = thresholds.map((_, c) => dealt.search.some((image) => areas[image]![c] === 0));
  // A class that every image has can only lose by being taken for absent.
  const steps = postProcessSteps.filter((step) => step !== 'triplet' || absent.some(Boolean));
  const total = steps.length * options.entries.length;
  for (const [s, step] of steps.entries()) {
    const candidates = measures.map((measure) => candidatesOf(step, measure));
    const done = s * options.entries.length;
    const table = await tableOf(step, candidates, settings, options, (images) => {
      options.onProgress?.(done + images, total);
    });
    for (const [c, ofClass] of candidates.entries()) {
      if (step === 'triplet' && !absent[c]) continue;
      const found = await chooseFor(step, ofClass, (image, k) => table[image]![k]![c]!, options);
      if (found === undefined) continue;
      findings[c]!.push(found.finding);
      if (found.finding.kept) settings[c] = { ...settings[c], ...found.setting };
    }
  }
  return { settings, findings };
}

/** Dice of what was kept so far and of each candidate on top of it, `[images][1 + candidates][classes]`. */
async function tableOf(
  step: PostProcessStep,
  candidates: readonly (readonly PostProcess[])[],
  settings: readonly PostProcess[],
  { scorer, entries, shares, thresholds, signal }: PostProcessSearchOptions,
  onProgress: (done: number) => void,
): Promise<Float64Array[][]> {
  const tried = [
    settings,
    ...candidates[0]!.map((_, k) => settings.map((kept, c) => ({ ...kept, ...candidates[c]![k] }))),
  ];
  const table: Float64Array[][] = [];
  for (const entry of entries) {
    signal?.throwIfAborted();
    const { cut, truth } = await scorer.read(entry, shares);
    const before = step === 'triplet' ? undefined : await cutWhereSure(cut, thresholds, settings);
    const dice: Float64Array[] = [];
    for (const of of tried) {
      const masks = before ?? (await cutWhereSure(cut, thresholds, of));
      dice.push(await scorer.dice(await postProcessLabels(masks, of), truth));
    }
    table.push(dice);
    onProgress(table.length);
  }
  return table;
}

/** @returns undefined where nothing is better than what was kept so far. */
async function chooseFor(
  step: PostProcessStep,
  candidates: readonly PostProcess[],
  dice: (image: number, candidate: number) => number,
  { dealt, entries }: PostProcessSearchOptions,
): Promise<{ setting: PostProcess; finding: Finding } | undefined> {
  const choose = (images: readonly number[]): number => {
    let [best, value] = [0, mean(images.map((image) => dice(image, 0)))];
    for (const k of candidates.keys()) {
      const worth = mean(images.map((image) => dice(image, k + 1)));
      if (worth > value) [best, value] = [k + 1, worth];
    }
    return best;
  };
  const differences = (k: number, images: readonly number[]): number[] =>
    images.map((image) => dice(image, k) - dice(image, 0));
  const validated = await crossValidate(choose, differences, dealt, entries);
  if (validated.choice === 0) return undefined;
  const setting = candidates[validated.choice - 1]!;
  return { setting, finding: findingOf(step, postProcessText(setting), validated) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
