import { buildTransform } from '../augment/build.ts';
import type { TransformSpec } from '../augment/spec.ts';
import { Random } from '../core/random.ts';
import type { Sample } from '../data/dataset.ts';
import { renderOverlay } from '../labels/overlay.ts';
import type { Image } from '../pixels/image.ts';
import { contactSheet } from './contactSheet.ts';

export interface AugmentationSheetOptions {
  /** Pictures per row, the untouched sample first. */
  readonly columns: number;
  readonly seed: number;
}

/**
 * A contact sheet of samples with their labels: each in a row, first as it is, then transformed with different random
 * draws. The same seed gives the same sheet.
 *
 * @throws PhalanxError `augment/invalid`, `analysis/contact-sheet`.
 */
export async function augmentationSheet(
  samples: readonly Sample[],
  spec: TransformSpec,
  { columns, seed }: AugmentationSheetOptions,
): Promise<Image> {
  const transform = buildTransform(spec);
  const pictures = samples.flatMap((sample, row) =>
    Array.from({ length: columns }, async (_, column) => {
      const random = Random.from(seed, 'preview', row, column);
      const shown = column === 0 ? sample : await transform(sample, random);
      return renderOverlay(shown.image, shown.labels);
    }),
  );
  return contactSheet(await Promise.all(pictures), { columns });
}
