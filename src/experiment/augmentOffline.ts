import type { OfflineEvent } from '../augment/offline/options.ts';
import { writeOffline } from '../augment/offline/writeOffline.ts';
import { PhalanxError } from '../core/errors.ts';
import { makeFolds } from '../data/folds.ts';
import { openDataset } from './experimentData.ts';
import type { Resolved } from './resolve.ts';
import type { Experiment } from './schema.ts';

/**
 * Writes the images that an experiment makes offline. Parents of one child come from one of its folds, so the child
 * can train wherever that fold does and never meets a person it was made from in validation.
 *
 * @throws PhalanxError `augment/no-offline` when the experiment makes none; `offline/*`.
 */
export async function* augmentOffline(
  { config, path }: Resolved<Experiment>,
  signal?: AbortSignal,
): AsyncGenerator<OfflineEvent> {
  if (config.offline === undefined) {
    throw new PhalanxError('augment/no-offline', {
      what: 'The experiment makes no images offline',
      where: path,
      expected: 'a section such as offline: { directory: "data/offline", mosaic: { count: 100 } }',
    });
  }
  const { directory, ...settings } = config.offline;
  const dataset = await openDataset({ ...config.data, offline: [] });
  const folds = makeFolds(dataset, config.data.folds);
  yield* writeOffline({
    dataset,
    entries: folds.entries,
    groupOf: ({ person }) => folds.foldOf.get(person)!,
    output: directory,
    settings,
    signal,
  });
}
