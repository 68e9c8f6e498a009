import { buildTransform } from '../augment/build.ts';
import type { TransformSpec } from '../augment/spec.ts';
import { Random } from '../core/random.ts';
import type { Sample } from '../data/dataset.ts';
import type { MixedSample, SampleMixer } from '../data/loader/mixing.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { renderOverlay } from '../labels/overlay.ts';
import type { Image } from '../pixels/image.ts';
import { contactSheet } from './contactSheet.ts';

export interface AugmentationSheetOptions {
  /** Pictures per row, the untouched sample first. */
  readonly columns: number;
  readonly seed: number;
  /** Mixes transformed samples with others of the sheet. */
  readonly mixer?: SampleMixer | undefined;
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
  { columns, seed, mixer }: AugmentationSheetOptions,
): Promise<Image> {
  const transform = buildTransform(spec);
  const augmented = async (sample: Sample, row: number, random: Random): Promise<Sample> => {
    const transformed = await transform(sample, random);
    if (mixer === undefined) return transformed;
    const others = samples.filter((_, index) => index !== row || samples.length === 1);
    const mixed = await mixer.mix(transformed, random.derive('mix'), (own) =>
      transform(own.choice(others), own.derive('augment')),
    );
    return { image: mixed.image, labels: united(mixed) };
  };
  const pictures = samples.flatMap((sample, row) =>
    Array.from({ length: columns }, async (_, column) => {
      const random = Random.from(seed, 'preview', row, column);
      const shown = column === 0 ? sample : await augmented(sample, row, random);
      return renderOverlay(shown.image, shown.labels);
    }),
  );
  return contactSheet(await Promise.all(pictures), { columns });
}

/** The labels of both samples, where there are two. */
function united({ labels, blended }: MixedSample): LabelMap {
  if (blended === undefined) return labels;
  const planes = labels.planes.map((plane, p) => {
    const other = blended.labels.planes[p]!;
    return plane.map((bits, i) => bits | other[i]!);
  });
  return { ...labels, planes };
}
