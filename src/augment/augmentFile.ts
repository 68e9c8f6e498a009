import { writeFileAtomic } from '../core/atomicFile.ts';
import { Random } from '../core/random.ts';
import { encodePng } from '../data/encodePng.ts';
import { readImageFile } from '../data/imageFile.ts';
import { createLabelMap } from '../labels/labelMap.ts';
import { buildTransform } from './build.ts';
import { parseTransform } from './spec.ts';

/**
 * Applies one transform to one image file and writes a PNG.
 *
 * @param options.transform as data, for example read from JSON.
 * @throws PhalanxError `augment/invalid`, what reading the image throws, `file/write`.
 */
export async function augmentFile(options: {
  readonly transform: unknown;
  readonly image: string;
  readonly out: string;
  readonly seed: number;
}): Promise<void> {
  const transform = buildTransform(parseTransform(options.transform, '--transform'));
  const image = await readImageFile(options.image);
  const labels = createLabelMap(image.width, image.height, 1);
  const transformed = await transform({ image, labels }, Random.from(options.seed, 'apply'));
  await writeFileAtomic(options.out, await encodePng(transformed.image));
}
