import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../core/atomicFile.ts';
import { errorMap } from '../analysis/errorMap.ts';
import type { ErrorCounts } from '../analysis/errorMap.ts';
import type { ReportSample } from '../analysis/report/writeReport.ts';
import { writeReport } from '../analysis/report/writeReport.ts';
import { EnsemblePrediction } from '../inference/ensemble/ensemblePrediction.ts';
import type { PredictionEvent } from '../inference/predict.ts';
import type { Tta } from '../inference/tta/options.ts';
import { knownLabels } from '../labels/classSets.ts';
import { countAgreement } from '../labels/overlap.ts';
import { DiceAccumulator } from '../objectives/diceScore.ts';
import { openRunData, predictRun, storeOf } from './predictRun.ts';
import { readCurve } from './runCurve.ts';
import type { Run } from './runDirectory.ts';

/** How a run does on the images that its fold held out. */
export interface Evaluation {
  readonly run: string;
  readonly images: number;
  readonly meanDice: number;
  readonly perClass: Readonly<Record<string, number>>;
  /** Mean Dice of each image, worst first. */
  readonly worstImages: readonly { readonly id: string; readonly meanDice: number }[];
  /** Wrong pixels by what is wrong with them, over all images. */
  readonly errors: ErrorCounts;
  readonly report: string;
}

export type EvaluationEvent =
  | { readonly type: 'prediction'; readonly event: PredictionEvent }
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'finished'; readonly evaluation: Evaluation };

export interface EvaluateRunOptions {
  readonly run: Run;
  /** Views of each image; best those of the submission. */
  readonly tta: Tta;
  readonly data?: string | undefined;
  readonly cache?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Images shown in the report, the worst. */
const shown = 4;

/**
 * Scores a run on the images that its fold held out, at full resolution, and writes `reports/evaluation.html` and
 * `reports/evaluation.json` into the run's folder.
 *
 * @throws PhalanxError what opening data, predicting and writing throw.
 */
export async function* evaluateRun(options: EvaluateRunOptions): AsyncGenerator<EvaluationEvent> {
  const { run, tta, signal } = options;
  const data = await openRunData(run, 'val', options.data);
  const { dataset, entries } = data;
  const store = storeOf(run, 'val', tta);
  const prediction = predictRun({
    data,
    tta,
    store,
    signal,
    ...(options.cache === undefined ? {} : { cache: options.cache }),
  });
  for await (const event of prediction) yield { type: 'prediction', event };

  const { classes } = dataset;
  const predicted = new EnsemblePrediction(
    [{ name: run.state.id, store }],
    classes,
    classes.map(() => 0.5),
  );
  const dice = new DiceAccumulator(classes.length);
  const images: { id: string; meanDice: number }[] = [];
  const errors = { confused: 0, missed: 0, extra: 0, labelled: 0 };
  let samples: (ReportSample & { meanDice: number })[] = [];
  for (const [index, entry] of entries.entries()) {
    signal?.throwIfAborted();
    const [whole, truth, image] = await Promise.all([
      predicted.labels(entry.id),
      dataset.readLabels(entry),
      dataset.readImage(entry),
    ]);
    // What nobody knows is neither right nor wrong, also to the error map.
    const labels = truth.unknown === undefined ? whole : await knownLabels(whole, truth.unknown);
    const perClass = dice.add(await countAgreement(labels, truth));
    const meanDice = perClass.reduce((sum, value) => sum + value, 0) / classes.length;
    images.push({ id: entry.id, meanDice });
    const { counts } = errorMap(image, truth, labels);
    for (const kind of ['confused', 'missed', 'extra', 'labelled'] as const) errors[kind] += counts[kind];
    samples = [...samples, { id: entry.id, image, truth, prediction: labels, meanDice }]
      .sort((a, b) => a.meanDice - b.meanDice)
      .slice(0, shown);
    yield { type: 'progress', done: index + 1, total: entries.length };
  }
  const { mean: meanDice, perClass } = dice.summary();
  const reports = join(run.directory, 'reports');
  await mkdir(reports, { recursive: true });
  const evaluation: Evaluation = {
    run: run.state.id,
    images: entries.length,
    meanDice,
    perClass: Object.fromEntries(classes.map((name, c) => [name, perClass[c]!])),
    worstImages: images.sort((a, b) => a.meanDice - b.meanDice),
    errors,
    report: join(reports, 'evaluation.html'),
  };
  await writeFileAtomic(join(reports, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
  await writeReport(evaluation.report, {
    title: run.state.experiment,
    subtitle: `Fold ${run.state.fold}, run ${run.state.id}: the ${entries.length} images held out`,
    figures: figuresOf(evaluation),
    classes,
    members: [{ name: run.state.id, meanDice, perClass: evaluation.perClass, seconds: run.state.seconds }],
    curves: [await readCurve(run)],
    samples,
    timings: [],
  });
  yield { type: 'finished', evaluation };
}

function figuresOf({
  meanDice,
  images,
  errors,
}: Evaluation): { label: string; value: string; note?: string }[] {
  const wrong = errors.confused + errors.missed + errors.extra;
  const share = (count: number): string => `${((100 * count) / Math.max(wrong, 1)).toFixed(0)} %`;
  return [
    { label: 'Mean Dice', value: meanDice.toFixed(4), note: `over ${images} images` },
    { label: 'Another class', value: share(errors.confused), note: 'of the wrong pixels, red' },
    { label: 'Missed', value: share(errors.missed), note: 'of the wrong pixels, yellow' },
    { label: 'Too much', value: share(errors.extra), note: 'of the wrong pixels, green' },
  ];
}
