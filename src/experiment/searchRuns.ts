import { PhalanxError } from '../core/errors.ts';
import type { SampleEntry } from '../data/dataset.ts';
import type { Decisions } from '../inference/search/decisions.ts';
import { searchEnsemble } from '../inference/search/searchEnsemble.ts';
import type { SearchProgress, SearchSettings } from '../inference/search/searchEnsemble.ts';
import type { OpenedRun } from './predictMembers.ts';
import type { Run } from './runDirectory.ts';

/** Runs that are one member of a search: the folds of an experiment, which share a weight. */
export interface RunGroup {
  readonly name: string;
  /** Indices of the runs. */
  readonly runs: readonly number[];
}

/** The runs by experiment; a second run of the same fold begins a second member. */
export function groupRuns(runs: readonly Pick<Run, 'state'>[]): RunGroup[] {
  const groups: { name: string; folds: Set<number>; runs: number[] }[] = [];
  for (const [index, { state }] of runs.entries()) {
    const { experiment, fold } = state;
    const same = groups.filter(({ name }) => name.replace(/#\d+$/, '') === experiment);
    let group = same.find(({ folds }) => !folds.has(fold));
    if (group === undefined) {
      const name = same.length === 0 ? experiment : `${experiment}#${same.length + 1}`;
      groups.push((group = { name, folds: new Set(), runs: [] }));
    }
    group.folds.add(fold);
    group.runs.push(index);
  }
  return groups.map(({ name, runs: members }) => ({ name, runs: members }));
}

/** The weight of each run, `[runs][classes]`: that of its group, shared among its folds. */
export function runWeights(
  { members, classes }: Decisions,
  groups: readonly RunGroup[],
  where: string,
): number[][] {
  const names = groups.map(({ name }) => name);
  if (members.join('\n') !== names.join('\n')) {
    throw new PhalanxError('ensemble/other-members', {
      what: 'The decisions were made for other members',
      where,
      expected: names.join(', '),
      received: members.join(', '),
      fix: 'Search again with: phalanx ensemble --search',
    });
  }
  const weights: number[][] = [];
  for (const [m, { runs }] of groups.entries()) {
    for (const run of runs) weights[run] = classes.map((ofClass) => ofClass.weights[m]! / runs.length);
  }
  return weights;
}

/**
 * Searches on what all members predicted without having seen it, joined over the folds of each.
 *
 * @param predictions of the images that each run's fold held out.
 * @throws PhalanxError `ensemble/images-differ`, `search/too-few`, and what reading logits throws.
 */
export async function* searchRuns(
  predictions: readonly Pick<OpenedRun, 'data' | 'store'>[],
  groups: readonly RunGroup[],
  settings: SearchSettings & { readonly bothEmpty: 0 | 1 },
  signal?: AbortSignal,
): AsyncGenerator<SearchProgress, Decisions> {
  const members = groups.map(({ name, runs }) => {
    const stores = new Map(
      runs.flatMap((run) => {
        const { data, store } = predictions[run]!;
        return data.entries.map((entry) => [entry.id, store] as const);
      }),
    );
    return { name, stores, storeOf: (entry: SampleEntry) => stores.get(entry.id)! };
  });
  const [first, ...others] = members;
  const known = new Map(predictions.flatMap(({ data }) => data.entries).map((entry) => [entry.id, entry]));
  const entries = [...first!.stores.keys()]
    .filter((id) => others.every(({ stores }) => stores.has(id)))
    .map((id) => known.get(id)!)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  if (entries.length === 0) {
    throw new PhalanxError('ensemble/images-differ', {
      what: 'The members have no common images that none of them was trained on',
      expected: 'members of the same folds and one dataset',
      received: members.map(({ name, stores }) => `${stores.size} images of ${name}`).join(', '),
      fix: 'Train the same folds of every member',
    });
  }
  const { dataset } = predictions[0]!.data;
  return yield* withProgress((onProgress) =>
    searchEnsemble({
      ...settings,
      members,
      entries,
      classes: dataset.classes,
      truth: (entry) => dataset.readLabels(entry),
      onProgress,
      signal,
    }),
  );
}

/** What `work` reports, as it comes, and then what it returns. */
async function* withProgress<Event, Result>(
  work: (report: (event: Event) => void) => Promise<Result>,
): AsyncGenerator<Event, Result> {
  let latest: Event | undefined;
  let wake: () => void = () => undefined;
  const state: { isDone: boolean } = { isDone: false };
  const result = work((event) => {
    latest = event;
    wake();
  }).finally(() => {
    state.isDone = true;
    wake();
  });
  result.catch(() => undefined);
  while (!state.isDone) {
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (state.isDone || latest !== undefined) resolve();
    });
    const event = latest;
    latest = undefined;
    if (event !== undefined) yield event;
  }
  return result;
}
