import { join } from 'node:path';
import { augmentationSheet } from '../analysis/augmentationSheet.ts';
import { pipelineOf } from '../analysis/pictures.ts';
import { compose } from '../augment/compose.ts';
import { buildMixer } from '../augment/mixing/build.ts';
import type { TransformSpec } from '../augment/spec.ts';
import { writeFileAtomic } from '../core/atomicFile.ts';
import { PhalanxError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { openDataset, prepareEntries, splitFold } from './experimentData.ts';
import type { Resolved } from './resolve.ts';
import type { Experiment } from './schema.ts';

export interface PreviewAugmentationOptions {
  readonly experiment: Resolved<Experiment>;
  readonly fold: number;
  readonly cache: string;
  /** Rows of the sheet. */
  readonly images: number;
  /** Pictures in a row, the untouched one first. */
  readonly columns: number;
  /** Folder of the picture. */
  readonly out: string;
  readonly signal?: AbortSignal | undefined;
}

const unchanged: TransformSpec = { name: 'HorizontalFlip', p: 0 };

/**
 * Draws training images of an experiment beside what its augmentation and mixing make of them.
 *
 * @returns path of the PNG.
 * @throws PhalanxError `augment/none` when the experiment has no augmentation; what reading data throws.
 */
export async function previewAugmentation(options: PreviewAugmentationOptions): Promise<string> {
  const { experiment, fold, images, columns, signal } = options;
  const { config } = experiment;
  if (config.augmentation.length === 0 && config.mixing.length === 0) {
    throw new PhalanxError('augment/none', {
      what: 'The experiment has no augmentation to look at',
      where: experiment.path,
      expected: 'transforms in its augmentation list, or mixes in its mixing list',
    });
  }
  const dataset = await openDataset(config.data);
  const { train } = splitFold(dataset, config.data, fold);
  const entries = Random.from(config.seed, 'preview').shuffle(train).slice(0, images);
  const cache = await prepareEntries(dataset, entries, config.data, options.cache, { signal });
  const samples = await Promise.all(entries.map((entry) => cache.read(entry)));
  // A composition of no transforms would be refused.
  const spec = config.augmentation.length === 0 ? unchanged : compose(config.augmentation);
  const mixer = config.mixing.length === 0 ? undefined : buildMixer(config.mixing);
  const sheet = await augmentationSheet(samples, spec, { columns, seed: config.seed, mixer });
  const path = join(options.out, `${experiment.name.replaceAll('/', '-')}.png`);
  await writeFileAtomic(path, await pipelineOf(sheet).png().toBuffer());
  return path;
}
