import type { PostProcess } from '../postProcess/spec.ts';

/** The order in which masks are worked on, and in which settings are looked for. */
export const postProcessSteps = ['triplet', 'smooth', 'components', 'holes'] as const;
export type PostProcessStep = (typeof postProcessSteps)[number];

/** What candidates are made to the measure of. */
export interface ClassMeasure {
  /** Median area of the class in the images that have it, pixels. */
  readonly area: number;
  /** Longer side of the images, pixels. */
  readonly side: number;
  readonly threshold: number;
}

/** Settings to try for one class; every class has as many. */
export function candidatesOf(step: PostProcessStep, measure: ClassMeasure): PostProcess[] {
  const { area, side, threshold } = measure;
  const share = (part: number): number => Math.max(1, Math.round(part * area));
  switch (step) {
    case 'triplet':
      return [0.25, 0.5, 0.8].flatMap((part) =>
        [0.01, 0.05, 0.2].map((minArea) => ({
          triplet: { top: round(threshold + part * (1 - threshold)), minArea: share(minArea) },
        })),
      );
    case 'smooth':
      return (['open', 'close'] as const).flatMap((operation) =>
        [1, 2, 4].map((radius) => ({
          smooth: { operation, radius: Math.max(1, Math.round((radius * side) / 1024)) },
        })),
      );
    case 'components':
      return [{ largest: 1 }, ...[0.01, 0.05, 0.2].map((part) => ({ minArea: share(part) }))];
    case 'holes':
      return [{ fillHoles: share(0.02) }, { fillHoles: 'all' }];
  }
}

/** In words, for the table. */
export function postProcessText({ triplet, smooth, largest, minArea, fillHoles }: PostProcess): string {
  return [
    triplet === undefined ? '' : `absent below ${triplet.minArea} px over ${triplet.top}`,
    smooth === undefined ? '' : `${smooth.operation} ${smooth.radius} px`,
    largest === undefined ? '' : largest === 1 ? 'largest' : `${largest} largest`,
    minArea === undefined ? '' : `from ${minArea} px`,
    fillHoles === undefined ? '' : fillHoles === 'all' ? 'holes' : `holes to ${fillHoles} px`,
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function round(probability: number): number {
  return Math.round(1000 * probability) / 1000;
}
