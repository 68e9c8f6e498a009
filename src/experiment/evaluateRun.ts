import { join } from 'node:path';
import { evaluatePredictions } from '../analysis/evaluation/evaluate.ts';
import type { EvaluationProgress } from '../analysis/evaluation/evaluate.ts';
import type { EvaluationFigures } from '../analysis/evaluation/figures.ts';
import { writeEvaluation } from '../analysis/evaluation/writeEvaluation.ts';
import { trainingSection } from '../analysis/report/writeReport.ts';
import { EnsemblePrediction } from '../inference/ensemble/ensemblePrediction.ts';
import type { PredictionEvent } from '../inference/predict.ts';
import type { Tta } from '../inference/tta/options.ts';
import { openRunData, predictRun, storeOf } from './predictRun.ts';
import { readCurve } from './runCurve.ts';
import type { Run } from './runDirectory.ts';

/** How a run does on the images that its fold held out; `evaluation.json`. */
export interface Evaluation extends EvaluationFigures {
  readonly run: string;
  /** The page. */
  readonly report: string;
}

export type EvaluationEvent =
  | { readonly type: 'prediction'; readonly event: PredictionEvent }
  | EvaluationProgress
  | { readonly type: 'finished'; readonly evaluation: Evaluation };

export interface EvaluateRunOptions {
  readonly run: Run;
  /** Views of each image; best those of the submission. */
  readonly tta: Tta;
  readonly data?: string | undefined;
  readonly cache?: string;
  /** Folder for an error map of every image, a PNG of its size. */
  readonly maps?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores a run on the images that its fold held out, at full resolution, and writes `reports/evaluation.html` and
 * `reports/evaluation.json` into the run's folder.
 *
 * @throws PhalanxError what opening data, predicting and writing throw.
 */
export async function* evaluateRun(options: EvaluateRunOptions): AsyncGenerator<EvaluationEvent> {
  const { run, tta, maps, signal } = options;
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
  const { figures, worst } = yield* evaluatePredictions({
    dataset,
    entries,
    predict: ({ id }) => predicted.labels(id),
    maps,
    signal,
  });
  const reports = join(run.directory, 'reports');
  const evaluation: Evaluation = {
    run: run.state.id,
    ...figures,
    report: join(reports, 'evaluation.html'),
  };
  await writeEvaluation(reports, evaluation, worst, {
    title: run.state.experiment,
    subtitle: `Fold ${run.state.fold}, run ${run.state.id}: the ${entries.length} images held out`,
    sections: [trainingSection([await readCurve(run)])],
  });
  yield { type: 'finished', evaluation };
}
