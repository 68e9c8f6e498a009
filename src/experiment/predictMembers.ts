import { PhalanxError } from '../core/errors.ts';
import type { SampleEntry } from '../data/dataset.ts';
import { readHandBone } from '../data/handBone/reader.ts';
import type { AnyMember } from '../inference/ensemble/combination.ts';
import type { LogitStore } from '../inference/store/logitStore.ts';
import type { RunEnsembleEvent } from './ensembleEvents.ts';
import { memberName, membersOf, runsOf } from './ensembleMembers.ts';
import type { PlannedMember, PlannedRun } from './ensembleMembers.ts';
import { openRunData, predictRun, storeOf } from './predictRun.ts';
import type { PredictedSplit, RunData } from './predictRun.ts';
import { storedImages } from './storedImages.ts';

export interface MemberPrediction {
  /** The dataset's folder, when it is not where it was while training. */
  readonly data?: string | undefined;
  readonly cache?: string;
  readonly signal?: AbortSignal | undefined;
}

/** A run among the members, with the images that it is asked for and where its logits of them lie. */
export interface OpenedRun {
  readonly planned: PlannedRun;
  readonly data: RunData;
  readonly store: LogitStore;
}

export interface PredictedMembers {
  readonly members: readonly AnyMember[];
  readonly classes: readonly string[];
  readonly entries: readonly SampleEntry[];
}

/**
 * Predicts what the runs among the members have not predicted yet.
 *
 * @throws PhalanxError `ensemble/images-differ`, and what predicting throws.
 */
export async function* predictMembers(
  options: MemberPrediction,
  planned: readonly PlannedMember[],
  split: PredictedSplit,
): AsyncGenerator<RunEnsembleEvent, PredictedMembers> {
  const opened = await openRuns(options, runsOf(planned), split);
  for (const { data } of opened) requireSamePeople(opened[0]!.data, data);
  yield* predictOpened(options, opened);
  const images = opened.length === 0 ? await importedImages(options, planned) : imagesOf(opened[0]!.data);
  return { members: membersOf(planned, split, images.classes), ...images };
}

/** Opens what runs are to predict. */
export async function openRuns(
  { data: root }: MemberPrediction,
  runs: readonly PlannedRun[],
  split: PredictedSplit,
): Promise<OpenedRun[]> {
  const opened: OpenedRun[] = [];
  for (const planned of runs) {
    const data = await openRunData(planned.run, split, root);
    opened.push({ planned, data, store: storeOf(planned.run, split, planned.tta) });
  }
  return opened;
}

/** @throws what predicting throws, with the member's name. */
export async function* predictOpened(
  options: MemberPrediction,
  opened: readonly OpenedRun[],
): AsyncGenerator<RunEnsembleEvent> {
  // A run that is in several ensembles predicts once.
  const predicted = new Set<string>();
  for (const [index, run] of opened.entries()) {
    if (predicted.has(run.store.root)) continue;
    predicted.add(run.store.root);
    yield { type: 'member', name: run.planned.name, index, members: opened.length };
    yield* predictMember(options, run);
  }
}

async function* predictMember(
  { cache, signal }: MemberPrediction,
  { planned: { name, tta }, data, store }: OpenedRun,
): AsyncGenerator<RunEnsembleEvent> {
  try {
    const events = predictRun({ data, tta, store, signal, ...(cache === undefined ? {} : { cache }) });
    for await (const event of events) yield { type: 'prediction', event };
  } catch (cause) {
    if (!(cause instanceof PhalanxError)) throw cause;
    // Without its weights a run can still be joined by the logits that it left, if they are whole.
    if (cause.code === 'run/no-checkpoint' && (await store.images()).length > 0) return;
    if (cause.code !== 'logits/not-finite') throw cause;
    const where = `member ${name}, ${cause.parts.where ?? ''}`;
    throw new PhalanxError('logits/not-finite', { ...cause.parts, where }, { cause });
  }
}

type Images = Omit<PredictedMembers, 'members'>;

function imagesOf({ dataset: { classes }, entries }: RunData): Images {
  return { classes, entries };
}

/** What an ensemble without runs is of: the test images of the dataset if one is given, else those of its logits. */
async function importedImages(
  { data }: MemberPrediction,
  planned: readonly PlannedMember[],
): Promise<Images> {
  if (data === undefined) return storedImages(planned);
  const { classes, entries } = await readHandBone(data);
  return { classes, entries: entries.test };
}

/** Members are joined image by image, so each must be asked for the same ones. */
export function requireSamePeople(first: RunData, other: RunData): void {
  const ids = ({ entries }: RunData): string => entries.map(({ id }) => id).join('\n');
  if (ids(first) === ids(other)) return;
  throw new PhalanxError('ensemble/images-differ', {
    what: 'Two members have no common images to be joined on',
    where: memberName(other.run),
    expected: `the images of ${memberName(first.run)}`,
    received: 'others',
    fix: 'Search thresholds on members of one fold and one dataset',
  });
}
