import { basename, join } from 'node:path';
import type { ReportSample, ScoredModel } from '../analysis/report/writeReport.ts';
import { writeReport } from '../analysis/report/writeReport.ts';
import type { Dataset } from '../data/dataset.ts';
import { readHandBone } from '../data/handBone/reader.ts';
import { readPhantomManifest, sameOptions } from '../data/phantom/manifest.ts';
import { resolvePhantomOptions } from '../data/phantom/options.ts';
import { writePhantom } from '../data/phantom/writePhantom.ts';
import { assembleModel } from '../models/registry.ts';
import { readSubmissionLabels } from '../inference/submission/labels.ts';
import { scoreSubmission } from '../inference/submission/score.ts';
import { modelConfig, resolveEnsemble, resolveExperiment } from './resolve.ts';
import type { Resolved } from './resolve.ts';
import { readCurve } from './runCurve.ts';
import { configHash, listRuns } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';
import type { Ensemble, Experiment } from './schema.ts';

/** The main job on a phantom: where its parts lie, and what it trains. */
export interface Demo {
  readonly data: string;
  readonly runs: string;
  readonly cache: string;
  readonly submissions: string;
  readonly report: string;
  readonly members: readonly Resolved<Experiment>[];
  readonly ensemble: Ensemble;
}

/** A submission of the demo, scored on people never trained on. */
export interface DemoScore extends ScoredModel {
  /** The CSV. */
  readonly submission: string;
  /** Mean over classes, by image. */
  readonly perImage: Readonly<Record<string, number>>;
}

/** People enough to learn from in minutes, at a size that shows what resolution costs. */
export const demoPhantom = { people: 32, test: 8, size: 1024, seed: 2023 } as const;

/** @throws PhalanxError when one of the demo's files has been changed into something that is not valid. */
export async function openDemo(directory: string): Promise<Demo> {
  const data = join(directory, 'data');
  const members = ['demo/unet', 'demo/unetplusplus'];
  return {
    data,
    runs: join(directory, 'runs'),
    cache: join(directory, 'cache'),
    submissions: join(directory, 'submissions'),
    report: join(directory, 'report.html'),
    members: await Promise.all(
      members.map((name) => resolveExperiment(name, [`data.root=${JSON.stringify(data)}`])),
    ),
    ensemble: (await resolveEnsemble('demo/ensemble')).config,
  };
}

/** Writes the demo's phantom, unless it is there whole; true when it was written. */
export async function writeDemoData(
  demo: Demo,
  options: Pick<Parameters<typeof writePhantom>[1], 'onProgress' | 'signal'>,
): Promise<boolean> {
  const manifest = await readPhantomManifest(demo.data);
  if (manifest?.complete === true && sameOptions(manifest, resolvePhantomOptions(demoPhantom))) return false;
  await writePhantom(demo.data, { ...demoPhantom, ...options });
  return true;
}

/** The member's run of the same settings: finished, or to be resumed. */
export async function findDemoRun(demo: Demo, member: Resolved<Experiment>): Promise<Run | undefined> {
  const hash = configHash(member.config);
  return (await listRuns(demo.runs)).findLast(
    ({ state }) => state.experiment === member.name && state.configHash === hash,
  );
}

/** The ensemble, and before it each member alone, all written by the same path. */
export function demoSubmissions({ ensemble }: Demo): Ensemble[] {
  const alone = ensemble.members.flatMap((member) => {
    if (member.run === undefined) return [];
    return [{ ...ensemble, output: basename(member.run), members: [{ ...member, weight: 1 }] }];
  });
  return [...alone, ensemble];
}

/** Scores a submission against the annotations of the phantom's test people, which nothing before has read. */
export async function scoreDemo(demo: Demo, name: string, member?: Resolved<Experiment>): Promise<DemoScore> {
  const submission = join(demo.submissions, `${name}.csv`);
  const dataset = await readHandBone(demo.data);
  const score = await scoreSubmission(submission, dataset, 'test');
  if (member === undefined) return { name, submission, ...score };
  const parameters = assembleModel(
    modelConfig(member.config, dataset.classes.length, member.path),
  ).parameterCount;
  const seconds = (await findDemoRun(demo, member))?.state.seconds;
  return { name, submission, parameters, ...(seconds === undefined ? {} : { seconds }), ...score };
}

/** Images in the report's pictures. */
const shown = 3;

export async function writeDemoReport(
  demo: Demo,
  scores: { readonly members: readonly DemoScore[]; readonly ensemble: DemoScore },
  timings: readonly { readonly name: string; readonly seconds: number }[],
): Promise<void> {
  const dataset = await readHandBone(demo.data);
  const runs = await Promise.all(demo.members.map((member) => findDemoRun(demo, member)));
  const trained = runs.filter((run) => run !== undefined);
  const { ensemble, members } = scores;
  const best = Math.max(...members.map(({ meanDice }) => meanDice));
  const total = timings.reduce((sum, { seconds }) => sum + seconds, 0);
  await writeReport(demo.report, {
    title: 'The main job on a phantom',
    subtitle: `${demoPhantom.people} people to train on, ${demoPhantom.test} others to be scored on, two hands each, ${demoPhantom.size} × ${demoPhantom.size} pixels, ${dataset.classes.length} overlapping bones`,
    figures: [
      {
        label: 'Mean Dice of the ensemble',
        value: ensemble.meanDice.toFixed(4),
        note: 'on people never seen',
      },
      { label: 'Best single model', value: best.toFixed(4) },
      {
        label: 'Time',
        value: `${Math.floor(total / 60)} min ${Math.round(total % 60)} s`,
        note: 'this run of the demo',
      },
    ],
    classes: dataset.classes,
    members,
    ensemble,
    curves: await Promise.all(trained.map(readCurve)),
    samples: await demoSamples(dataset, ensemble),
    timings,
  });
}

/** The best, the middle and the worst image of the ensemble, as the CSV has them. */
async function demoSamples(dataset: Dataset, { submission, perImage }: DemoScore): Promise<ReportSample[]> {
  const ranked = [...dataset.entries.test].sort((a, b) => perImage[b.id]! - perImage[a.id]!);
  const chosen = Array.from(
    { length: Math.min(shown, ranked.length) },
    (_, index) => ranked[Math.round((index * (ranked.length - 1)) / Math.max(shown - 1, 1))]!,
  );
  const samples: ReportSample[] = [];
  for (const entry of chosen) {
    const image = await dataset.readImage(entry);
    samples.push({
      id: entry.id,
      image,
      truth: await dataset.readLabels(entry),
      prediction: await readSubmissionLabels(submission, entry.id, dataset.classes, image),
    });
  }
  return samples;
}
