import { mergeViews } from './merge.ts';
import type { Tta } from './options.ts';
import { alternatives } from './views.ts';
import type { Forward } from './views.ts';

/**
 * The model with test-time augmentation, as a function of tensors that can be compiled: views are made, predicted,
 * brought back and merged one after another.
 *
 * @param forward Normalized images `[N, H, W, C]` to logits `[N, H, W, classes]`.
 * @param sizeMultiple of both sides of what `forward` takes; scaled sizes are rounded to it.
 * @throws PhalanxError `tta/size`.
 */
export function withTta(forward: Forward, { transforms, merge }: Tta, sizeMultiple: number): Forward {
  const views = transforms.reduceRight<readonly Forward[]>(
    (inner, transform) => alternatives(transform, sizeMultiple).flatMap((view) => inner.map(view)),
    [forward],
  );
  if (views.length === 1) return views[0]!;
  return (images) =>
    mergeViews(
      views.map((view) => () => view(images)),
      merge,
    );
}
