import { combineLabels, uniteClasses } from '../../labels/classSets.ts';
import { fillHoles, keepComponents } from '../../labels/components.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { dilateLabels, erodeLabels } from '../../labels/morphology.ts';
import type { StructuringElement } from '../../labels/morphology.ts';
import { classAreas } from '../../labels/overlap.ts';
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
  return postProcessLabels(await cutWhereSure(cut, thresholds, settings), settings);
}

/** The part of `postProcess` that needs more than masks: thresholds, and `triplet`. */
export async function cutWhereSure(
  cut: Cut,
  thresholds: readonly number[],
  settings: readonly PostProcess[],
): Promise<LabelMap> {
  const labels = await cut(thresholds);
  if (settings.every(({ triplet }) => triplet === undefined)) return labels;
  const areas = await classAreas(await cut(thresholds.map((own, c) => settings[c]!.triplet?.top ?? own)));
  return withClasses(labels, (c) => areas[c]! >= (settings[c]!.triplet?.minArea ?? 0));
}

/** The part of `postProcess` that works on masks: `smooth`, `largest`, `minArea` and `fillHoles`. */
export async function postProcessLabels(
  labels: LabelMap,
  settings: readonly PostProcess[],
): Promise<LabelMap> {
  let result = labels;
  const smoothings = new Map<string, NonNullable<PostProcess['smooth']>>();
  for (const { smooth } of settings) {
    if (smooth !== undefined) smoothings.set(JSON.stringify(smooth), smooth);
  }
  for (const [key, smoothing] of smoothings) {
    const chosen = (c: number): boolean => JSON.stringify(settings[c]!.smooth) === key;
    const smoothed = await smooth(await withClasses(result, chosen), smoothing);
    result = await combineLabels(smoothed, await withClasses(result, (c) => !chosen(c)), 'union');
  }
  const largest = settings.map((setting) => setting.largest ?? Infinity);
  const minArea = settings.map((setting) => setting.minArea ?? 0);
  if (largest.some(Number.isFinite) || minArea.some((area) => area > 0)) {
    result = await keepComponents(result, { largest, minArea });
  }
  const maxArea = settings.map(({ fillHoles: area = 0 }) => (area === 'all' ? Infinity : area));
  if (maxArea.some((area) => area > 0)) result = await fillHoles(result, { maxArea });
  return result;
}

async function smooth(
  labels: LabelMap,
  { operation, radius }: NonNullable<PostProcess['smooth']>,
): Promise<LabelMap> {
  const disk: StructuringElement = { shape: 'disk', radius };
  return operation === 'open'
    ? dilateLabels(await erodeLabels(labels, disk), disk)
    : erodeLabels(await dilateLabels(labels, disk), disk);
}

/** The classes that are chosen; the others are empty. */
function withClasses(labels: LabelMap, chosen: (c: number) => boolean): Promise<LabelMap> {
  return uniteClasses(
    labels,
    Array.from({ length: labels.classes }, (_, c) => (chosen(c) ? [c] : [])),
  );
}
