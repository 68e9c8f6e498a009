import { PhalanxError } from '../core/errors.ts';
import type { SampleEntry } from '../data/dataset.ts';
import { mapConcurrently } from '../data/mapConcurrently.ts';
import type { PredictedModel } from './predictedModel.ts';
import type { Provenance } from './store/logitFile.ts';

/** Images that the same models have to predict. */
export interface OpenImages {
  /** Indices of the models. */
  readonly models: readonly number[];
  readonly entries: readonly SampleEntry[];
}

/** What there is to do. */
export interface Plan {
  /** Each image in one of them, so that it is decoded once. */
  readonly open: readonly OpenImages[];
  /** Files in all, and those that are there. */
  readonly total: number;
  readonly kept: number;
  /** What is made anew although it was there. */
  readonly warnings: readonly string[];
}

/**
 * Compares what models are to predict with what their stores hold.
 *
 * @param overwrite Whether logits that were made in another way are made anew.
 * @throws PhalanxError `predict/other-logits` when they are not.
 */
export async function planPrediction(
  models: readonly PredictedModel[],
  provenances: readonly Provenance[],
  overwrite: boolean,
  signal: AbortSignal | undefined,
): Promise<Plan> {
  const open = new Map<string, { entry: SampleEntry; models: number[] }>();
  const warnings: string[] = [];
  let [total, kept] = [0, 0];
  for (const [index, { name, entries, store }] of models.entries()) {
    const states = await mapConcurrently(entries, ({ id }) => store.find(id, provenances[index]!), {
      signal,
    });
    const filesThat = (state: (typeof states)[number]): string[] =>
      entries.filter((_, i) => states[i] === state).map(({ id }) => store.pathOf(id));
    const [other, damaged] = [filesThat('other'), filesThat('damaged')];
    if (other.length > 0 && !overwrite) throw otherLogits(name, other);
    if (other.length > 0) {
      warnings.push(`${name}: ${filesText(other)} made in another way and will be replaced.`);
    }
    if (damaged.length > 0) {
      warnings.push(`${name}: ${filesText(damaged)} damaged and will be made anew.`);
    }
    total += entries.length;
    for (const [i, entry] of entries.entries()) {
      if (states[i] === 'whole') {
        kept++;
        continue;
      }
      const known = open.get(entry.id);
      if (known === undefined) open.set(entry.id, { entry, models: [index] });
      else known.models.push(index);
    }
  }
  const groups = new Map<string, { models: readonly number[]; entries: SampleEntry[] }>();
  for (const { entry, models: needing } of open.values()) {
    const key = needing.join();
    const group = groups.get(key) ?? { models: needing, entries: [] };
    group.entries.push(entry);
    groups.set(key, group);
  }
  return { open: [...groups.values()], total, kept, warnings };
}

function filesText(paths: readonly string[]): string {
  const [first, ...more] = paths;
  return more.length === 0 ? `${first} is` : `${first} and ${more.length} more are`;
}

function otherLogits(name: string, paths: readonly string[]): PhalanxError {
  return new PhalanxError('predict/other-logits', {
    what: `There are logits of ${paths.length === 1 ? 'an image' : `${paths.length} images`} that were made in another way`,
    where: `${name}, ${paths[0]}`,
    expected: 'the same checkpoint, sizes, precision, normalization and test-time augmentation',
    received: 'others',
    fix: 'Replace them with --force, or move them away',
  });
}
