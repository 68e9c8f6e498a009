import { z } from 'zod';
import { requireFit } from '../crop.ts';
import { builderOf, defineByContent, probability } from '../definition.ts';
import { side } from '../ranges.ts';

/**
 * Cuts out height × width pixels around a random labelled pixel, or anywhere where there is none. `ignoreChannels` are
 * the classes (from 0) that do not count; classes overlap here, so there are no values to ignore.
 */
export const CropNonEmptyMaskIfExists = defineByContent(
  'CropNonEmptyMaskIfExists',
  {
    height: side,
    width: side,
    ignoreChannels: z.array(z.int().min(0).max(65535)).readonly().nullable().default(null),
    p: probability(1),
  },
  (sample, options, random) => {
    const { image, labels } = sample;
    const { width, height } = options;
    requireFit(image, options);
    const spare = { x: image.width - width, y: image.height - height };
    const planes = labels.planes.map((plane, p) => ({ plane, mask: countedBits(p, options.ignoreChannels) }));
    const isLabelled = (i: number): boolean => planes.some(({ plane, mask }) => (plane[i]! & mask) !== 0);
    let count = 0;
    for (let i = 0; i < image.width * image.height; i++) if (isLabelled(i)) count++;
    let x = 0;
    let y = 0;
    if (count === 0) {
      x = random.integer(0, spare.x + 1);
      y = random.integer(0, spare.y + 1);
    } else {
      let left = random.integer(0, count);
      let at = -1;
      while (left >= 0) if (isLabelled(++at)) left--;
      const place = (position: number, length: number, most: number): number =>
        Math.min(most, Math.max(0, position - random.integer(0, length)));
      x = place(at % image.width, width, spare.x);
      y = place(Math.floor(at / image.width), height, spare.y);
    }
    return [{ kind: 'window', window: { x, y, width, height }, border: 'constant', fill: 0, fillMask: 0 }];
  },
);

export const cropNonEmptyMaskIfExists = builderOf(CropNonEmptyMaskIfExists);

/** The bits of a plane that stand for classes which count. */
function countedBits(plane: number, ignored: readonly number[] | null): number {
  let mask = 0xffffffff;
  for (const channel of ignored ?? []) {
    if (Math.floor(channel / 32) === plane) mask &= ~(1 << (channel % 32));
  }
  return mask;
}
