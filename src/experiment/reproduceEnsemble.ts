import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import type { AnyMember } from '../inference/ensemble/combination.ts';
import { leavesOf } from '../inference/ensemble/combination.ts';
import { ensemble, requireFree } from '../inference/ensemble/ensemble.ts';
import { phalanxVersion, readManifest } from '../inference/ensemble/manifest.ts';
import type { ReadManifest } from '../inference/ensemble/manifest.ts';
import { requireAgreement } from '../inference/ensemble/members.ts';
import type { MemberRecord, ModelRecord } from '../inference/ensemble/members.ts';
import { LogitStore } from '../inference/store/logitStore.ts';
import { ttaOf, ttaSchema } from '../inference/tta/options.ts';
import type { RunEnsembleEvent } from './ensembleEvents.ts';
import type { MemberPrediction } from './predictMembers.ts';
import { openRunData } from './predictRun.ts';
import { predictRuns } from './predictRuns.ts';
import type { RunPrediction } from './predictRuns.ts';
import { runCheckpoint, sha256 } from './runCheckpoint.ts';
import { findRun } from './runDirectory.ts';

export interface ReproduceOptions extends MemberPrediction {
  /** Path of the manifest; the CSV goes beside it. */
  readonly manifest: string;
  readonly runs?: string;
  /** Whether a CSV of other bytes may be replaced. */
  readonly overwrite?: boolean;
}

/** Where a model's logits lie now, and how they are made where they do not. */
interface Source {
  readonly record: ModelRecord;
  readonly store: LogitStore;
  readonly prediction?: RunPrediction;
}

/**
 * Makes a submission again from its manifest. Logits that are still there are used, others are predicted by the same
 * weights; the CSV is written only if it is the same to the byte.
 *
 * @throws PhalanxError `manifest/*`, `ensemble/output-exists`, `ensemble/not-reproduced` with all that differs, and what
 *   predicting throws.
 */
export async function* reproduceEnsemble(options: ReproduceOptions): AsyncGenerator<RunEnsembleEvent> {
  const { manifest: path, overwrite = false, signal } = options;
  const manifest = await readManifest(path);
  const { combine, classes, images, submission } = manifest;
  const out = join(dirname(path), submission.file);
  const isThere = existsSync(out) && (await sha256(out)) === submission.sha256;
  if (!isThere) requireFree(out, overwrite);
  const version = await versionDifference(manifest);
  const refuse = (details: readonly string[]): never => {
    throw new PhalanxError('ensemble/not-reproduced', {
      what: 'The submission cannot be made again, and nothing was written',
      where: path,
      details: [...details, ...version],
      fix: 'Bring back what is named, or make a new submission',
    });
  };

  const sources: Source[] = [];
  const differences: string[] = [];
  for (const record of modelsOf(manifest.members)) {
    const found = await sourceOf(record, images, options);
    if (typeof found === 'string') differences.push(`member ${record.name}: ${found}`);
    else sources.push(found);
  }
  if (differences.length > 0) refuse(differences);
  yield* predictSources(sources, options);

  const entries = images.map((id) => ({ id, person: id, imagePath: id }));
  const stores = sources.map(({ store }) => store);
  const members = withStores(manifest.members, stores[Symbol.iterator]());
  const stored = await requireAgreement(leavesOf(members), entries, classes, signal);
  for (const [index, { record, store }] of sources.entries()) {
    for (const difference of changesOf(record, stored[index]!)) {
      differences.push(`member ${record.name}: ${difference} (${store.root})`);
    }
  }
  if (differences.length > 0) refuse(differences);

  const own = <Value>(settings: Readonly<Record<string, Value>>, name: string): Value | undefined =>
    Object.hasOwn(settings, name) ? settings[name] : undefined;
  const events = ensemble({
    members,
    combine,
    entries,
    classes,
    out,
    // A class without a threshold is refused where thresholds are checked.
    threshold: classes.map((name) => own(manifest.thresholds, name) ?? NaN),
    postProcess: classes.map((name) => own(manifest.postProcess ?? {}, name) ?? {}),
    check: (made) => {
      if (made === submission.sha256) return;
      refuse([`the CSV would have the SHA-256 ${made}, not ${submission.sha256}`]);
    },
    overwrite: isThere || overwrite,
    signal,
  });
  for await (const event of events) yield { type: 'ensemble', event };
}

/** The stored logits if they are whole and those that were joined, else the run that made them, or what is wrong. */
async function sourceOf(
  record: ModelRecord,
  images: readonly string[],
  { runs = 'runs', data: root }: ReproduceOptions,
): Promise<Source | string> {
  const { name, provenance } = record;
  const recorded = new LogitStore(record.store);
  const run = await findRun(runs, name).catch(unless('run/missing'));
  // The folder of runs may have moved.
  const moved =
    run === undefined
      ? recorded
      : new LogitStore(join(run.directory, 'predictions', 'test', basename(record.store)));
  for (const store of [recorded, moved]) {
    const states = await Promise.all(images.map((image) => store.find(image, provenance)));
    if (states.every((state) => state === 'whole')) return { record, store };
  }
  if (run === undefined) return `missing: neither its logits (${record.store}) nor a run of this name`;
  const checkpoint = await runCheckpoint(run).catch(unless('run/no-checkpoint'));
  if (checkpoint === undefined) return `its run ${run.directory} has no weights any more`;
  const hash = await sha256(checkpoint);
  if (hash !== provenance['checkpoint']) {
    return `its checkpoint ${checkpoint} has changed, from ${provenance['checkpoint']} to ${hash}`;
  }
  const data = await openRunData(run, 'test', root);
  const entries = images.flatMap((image) => data.entries.find(({ id }) => id === image) ?? []);
  if (entries.length < images.length) {
    return `${images.length - entries.length} of the submission's images are not in ${data.config.data.root}`;
  }
  const tta = ttaSchema.safeParse(jsonOf(provenance['tta']));
  if (!tta.success) return 'its test-time augmentation cannot be understood';
  return {
    record,
    store: moved,
    prediction: { data: { ...data, entries }, tta: ttaOf(tta.data), store: moved },
  };
}

async function* predictSources(
  sources: readonly Source[],
  { cache, signal }: ReproduceOptions,
): AsyncGenerator<RunEnsembleEvent> {
  for (const [index, { record, prediction }] of sources.entries()) {
    if (prediction === undefined) continue;
    yield { type: 'member', name: record.name, index, members: sources.length };
    const events = predictRuns({
      runs: [prediction],
      overwrite: false,
      signal,
      ...(cache === undefined ? {} : { cache }),
    });
    for await (const event of events) yield { type: 'prediction', event };
  }
}

function changesOf(record: ModelRecord, stored: Pick<ModelRecord, 'provenance' | 'logits'>): string[] {
  const names = new Set([...Object.keys(record.provenance), ...Object.keys(stored.provenance)]);
  const changes = [...names].flatMap((name) => {
    const [before = 'nothing', now = 'nothing'] = [record.provenance[name], stored.provenance[name]];
    return before === now ? [] : [`its ${name} has changed, from ${before} to ${now}`];
  });
  return changes.length > 0 || record.logits === stored.logits ? changes : ['its logits have changed'];
}

async function versionDifference({ versions }: ReadManifest): Promise<string[]> {
  const phalanx = await phalanxVersion();
  if (versions.phalanx === phalanx) return [];
  return [`it was made with Phalanx ${versions.phalanx}, and this is ${phalanx}`];
}

function modelsOf(records: readonly MemberRecord[]): ModelRecord[] {
  return records.flatMap((record) => ('members' in record ? modelsOf(record.members) : [record]));
}

/** @param stores of the models, in order. */
function withStores(records: readonly MemberRecord[], stores: Iterator<LogitStore>): AnyMember[] {
  return records.map((record): AnyMember => {
    const { name, weight } = record;
    if (!('members' in record)) return { name, weight, store: stores.next().value as LogitStore };
    const { combine, threshold } = record;
    const members = withStores(record.members, stores);
    return { name, weight, combine, members, ...(threshold === undefined ? {} : { threshold }) };
  });
}

function jsonOf(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof PhalanxError && error.code === code) return undefined;
    throw error;
  };
}
