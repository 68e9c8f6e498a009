import { combineLabels, uniteClasses } from '../../labels/classSets.ts';
import { fillHoles, keepComponents } from '../../labels/components.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { dilateLabels, erodeLabels } from '../../labels/morphology.ts';
import type { StructuringElement } from '../../labels/morphology.ts';
import { classAreas } from '../../labels/overlap.ts';
import { logitOf, upsampleThresholdPack } from '../../labels/upsample.ts';
import type { Logits, ThresholdOptions } from '../../labels/upsample.ts';
import type { PostProcess } from './spec.ts';

/**
 * Label map of logits: upsampled, cut at the thresholds, and each class worked on as its settings say.
 *
 * @param settings of each class, `[classes]`; undefined or empty for masks that stay as they are.
 */
export async function postProcessLogits(
  logits: Logits,
  options: ThresholdOptions,
  settings: readonly (PostProcess | undefined)[],
): Promise<LabelMap> {
  const cut = await upsampleThresholdPack(logits, options);
  const present = await presentClasses(logits, options, settings);
  const there = present.every(Boolean) ? cut : await withClasses(cut, (c) => present[c]!);
  return postProcessLabels(there, settings);
}

/** As `postProcessLogits`, for masks; what asks for logits, `triplet`, must have been done. */
export async function postProcessLabels(
  labels: LabelMap,
  settings: readonly (PostProcess | undefined)[],
): Promise<LabelMap> {
  let result = labels;
  const smoothings = new Map<string, NonNullable<PostProcess['smooth']>>();
  for (const { smooth } of settings.map((setting) => setting ?? {})) {
    if (smooth !== undefined) smoothings.set(JSON.stringify(smooth), smooth);
  }
  for (const [key, smoothing] of smoothings) {
    const chosen = (c: number): boolean => JSON.stringify(settings[c]?.smooth) === key;
    const smoothed = await smooth(await withClasses(result, chosen), smoothing);
    result = await combineLabels(
      smoothed,
      await withClasses(result, (c) => !chosen(c)),
      'union',
    );
  }
  const largest = settings.map((setting) => setting?.largest ?? Infinity);
  const minArea = settings.map((setting) => setting?.minArea ?? 0);
  if (largest.some(Number.isFinite) || minArea.some((area) => area > 0)) {
    result = await keepComponents(result, { largest, minArea });
  }
  const maxArea = settings.map(({ fillHoles: area = 0 } = {}) => (area === 'all' ? Infinity : area));
  if (maxArea.some((area) => area > 0)) result = await fillHoles(result, { maxArea });
  return result;
}

/** Whether each class has as many sure pixels as its triplet asks for. */
async function presentClasses(
  logits: Logits,
  options: ThresholdOptions,
  settings: readonly (PostProcess | undefined)[],
): Promise<boolean[]> {
  if (settings.every((setting) => setting?.triplet === undefined)) return settings.map(() => true);
  const thresholds = Float32Array.from(options.thresholds, (threshold, c) => {
    const top = settings[c]?.triplet?.top;
    return top === undefined ? threshold : logitOf(top);
  });
  const areas = await classAreas(await upsampleThresholdPack(logits, { ...options, thresholds }));
  return settings.map((setting, c) => areas[c]! >= (setting?.triplet?.minArea ?? 0));
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
