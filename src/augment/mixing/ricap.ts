import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { probability } from '../definition.ts';
import type { FourPatches } from './patches.ts';
import { patchSizes } from './patches.ts';

/** Parameter of the Beta distribution from which the cut is drawn, per side; below 1 it is mostly near an edge. */
export const ricapBeta = z.number().positive().max(1000).default(0.3);

/**
 * Four images joined at a point, each giving a patch cut from anywhere in it (R. Takahashi et al., "Data augmentation
 * using random image cropping and patching for deep CNNs", 2018). Labels are those of the pixels.
 */
export const ricapSchema = z.strictObject({
  name: z.literal('RICAP'),
  /** Parameter of the Beta distribution of the cut, per side; below 1 it is mostly near an edge. */
  beta: ricapBeta,
  p: probability(0.5),
});

/** Where RICAP cuts images of this size. */
export function drawRicap(size: ImageSize, beta: number, random: Random): FourPatches {
  const x = Math.round(size.width * random.beta(beta, beta));
  const y = Math.round(size.height * random.beta(beta, beta));
  const origins = patchSizes(size, [x, y]).map(({ width, height }) => {
    const left = random.integer(0, size.width - width + 1);
    return [left, random.integer(0, size.height - height + 1)] as const;
  });
  return { cut: [x, y], origins };
}
