import { combineLabels, uniteClasses } from '../../labels/classSets.ts';
import { fillHoles, keepComponents } from '../../labels/components.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { dilateLabels, erodeLabels } from '../../labels/morphology.ts';
import type { StructuringElement } from '../../labels/morphology.ts';
import { classAreas } from '../../labels/overlap.ts';
import { release } from '../../pixels/memory.ts';
import type { PostProcess } from './spec.ts';

/** The masks of probabilities cut at thresholds, `[classes]`. */
export type Cut = (thresholds: readonly number[]) => Promise<LabelMap>;

/**
 * Masks cut at their thresholds, each class worked on as its settings say.
 *
 * @param thresholds probabilities, `[classes]`.
 * @param settings of each class, `[classes]`; empty for masks that stay as they are.
 */
export async function postProcess(
  cut: Cut,
  thresholds: readonly number[],
  settings: readonly PostProcess[],
): Promise<LabelMap> {
  const labels = await cutWhereSure(cut, thresholds, settings);
  return instead(labels, await postProcessLabels(labels, settings));
}

/** The part of `postProcess` that needs more than masks: thresholds, and `triplet`. */
export async function cutWhereSure(
  cut: Cut,
  thresholds: readonly number[],
  settings: readonly PostProcess[],
): Promise<LabelMap> {
  const labels = await cut(thresholds);
  if (settings.every(({ triplet }) => triplet === undefined)) return labels;
  const sure = await cut(thresholds.map((own, c) => settings[c]!.triplet?.top ?? own));
  const areas = await classAreas(sure);
  release(sure.planes);
  return instead(labels, await withClasses(labels, (c) => areas[c]! >= (settings[c]!.triplet?.minArea ?? 0)));
}

/** The part of `postProcess` that works on masks: `smooth`, `largest`, `minArea` and `fillHoles`. */
export async function postProcessLabels(
  labels: LabelMap,
  settings: readonly PostProcess[],
): Promise<LabelMap> {
  let result = labels;
  const replace = (next: LabelMap): void => {
    result = result === labels ? next : instead(result, next);
  };
  const smoothings = new Map<string, NonNullable<PostProcess['smooth']>>();
  for (const { smooth } of settings) {
    if (smooth !== undefined) smoothings.set(JSON.stringify(smooth), smooth);
  }
  for (const [key, smoothing] of smoothings) {
    const chosen = (c: number): boolean => JSON.stringify(settings[c]!.smooth) === key;
    const smoothed = await smooth(await withClasses(result, chosen), smoothing);
    const others = await withClasses(result, (c) => !chosen(c));
    replace(await combineLabels(smoothed, others, 'union'));
    release([...smoothed.planes, ...others.planes], result.planes);
  }
  const largest = settings.map((setting) => setting.largest ?? Infinity);
  const minArea = settings.map((setting) => setting.minArea ?? 0);
  if (largest.some(Number.isFinite) || minArea.some((area) => area > 0)) {
    replace(await keepComponents(result, { largest, minArea }));
  }
  const maxArea = settings.map(({ fillHoles: area = 0 }) => (area === 'all' ? Infinity : area));
  if (maxArea.some((area) => area > 0)) replace(await fillHoles(result, { maxArea }));
  return result;
}

/** Gives `labels` back. */
async function smooth(
  labels: LabelMap,
  { operation, radius }: NonNullable<PostProcess['smooth']>,
): Promise<LabelMap> {
  const disk: StructuringElement = { shape: 'disk', radius };
  const [first, second] = operation === 'open' ? [erodeLabels, dilateLabels] : [dilateLabels, erodeLabels];
  const between = instead(labels, await first(labels, disk));
  return instead(between, await second(between, disk));
}

/** `next`, which was made of `labels`, after these are given back. */
function instead(labels: LabelMap, next: LabelMap): LabelMap {
  release(labels.planes, next.planes);
  return next;
}

/** The classes that are chosen; the others are empty. */
function withClasses(labels: LabelMap, chosen: (c: number) => boolean): Promise<LabelMap> {
  return uniteClasses(
    labels,
    Array.from({ length: labels.classes }, (_, c) => (chosen(c) ? [c] : [])),
  );
}
