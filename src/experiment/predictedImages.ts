import { releaseBatch } from '../data/batch.ts';
import type { SampleCache } from '../data/cache/cache.ts';
import type { Dataset, SampleEntry } from '../data/dataset.ts';
import { withChannels } from '../data/imageFile.ts';
import type { PredictedImage } from '../inference/predict.ts';
import { batchesInOrder } from './experimentData.ts';
import type { Experiment } from './schema.ts';

/** Most bytes of decoded images at once. */
const chunkBytes = 128 * 2 ** 20;

/** Images at the size of a cache, as many at once as the experiment validates. */
export async function* cachedImages(
  cache: SampleCache,
  entries: readonly SampleEntry[],
  config: Experiment,
  signal?: AbortSignal,
): AsyncGenerator<readonly PredictedImage[]> {
  for await (const batch of batchesInOrder(cache, entries, config, signal)) {
    const { width, height, channels } = cache.shape;
    const bytes = width * height * channels;
    yield batch.ids.map((id, i) => ({
      id,
      image: { width, height, channels, data: batch.images.subarray(i * bytes, (i + 1) * bytes) },
    }));
    releaseBatch(batch);
  }
}

/**
 * Images at the size of their files, at most so many at once, one of them decoded ahead.
 *
 * @throws what reading an image throws.
 */
export async function* imagesOfFiles(
  dataset: Dataset,
  entries: readonly SampleEntry[],
  { channels, atOnce }: { readonly channels: Experiment['data']['channels']; readonly atOnce: number },
): AsyncGenerator<readonly PredictedImage[]> {
  const read = async (entry: SampleEntry): Promise<PredictedImage> => ({
    id: entry.id,
    image: withChannels(await dataset.readImage(entry), channels),
  });
  let next: Promise<PredictedImage> | undefined;
  let chunk: PredictedImage[] = [];
  let bytes = 0;
  try {
    for (const [index, entry] of entries.entries()) {
      const one = await (next ?? read(entry));
      const following = entries[index + 1];
      next = following === undefined ? undefined : read(following);
      next?.catch(() => undefined);
      chunk.push(one);
      bytes += one.image.data.length;
      if (next !== undefined && chunk.length < atOnce && bytes < chunkBytes) continue;
      yield chunk;
      chunk = [];
      bytes = 0;
    }
  } finally {
    await next?.catch(() => undefined);
  }
}
