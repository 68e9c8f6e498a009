import { PhalanxError } from '../../core/errors.ts';
import type { Dataset, SampleEntry, Split } from '../../data/dataset.ts';
import { submissionDialects } from '../../inference/submission/dialects.ts';
import type { SubmissionDialect } from '../../inference/submission/dialects.ts';
import { SubmissionLookup } from '../../inference/submission/lookup.ts';
import { rowMask } from '../../inference/submission/submission.ts';
import { requireAnnotations } from '../../inference/submission/score.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { labelsOfRuns } from '../../labels/runs.ts';
import { evaluatePredictions } from './evaluate.ts';
import type { EvaluationProgress } from './evaluate.ts';
import type { EvaluationFigures } from './figures.ts';
import { writeEvaluation } from './writeEvaluation.ts';

export interface EvaluateSubmissionOptions {
  readonly submission: string;
  readonly dataset: Dataset;
  readonly split?: Split;
  readonly dialect?: SubmissionDialect;
  /** Folder of the report. */
  readonly out: string;
  /** Folder for an error map of every image. */
  readonly maps?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SubmissionEvaluation extends EvaluationFigures {
  readonly submission: string;
  readonly report: string;
}

/**
 * Compares a submission with the annotations of a split, and writes `evaluation.html` and `evaluation.json`.
 *
 * @throws PhalanxError `score/no-annotations`, `submission/rows`, `submission/malformed`, and what reading and writing
 *   throw.
 */
export async function* evaluateSubmission(
  options: EvaluateSubmissionOptions,
): AsyncGenerator<EvaluationProgress, SubmissionEvaluation> {
  const { submission, dataset, split = 'test', out, maps, signal } = options;
  const dialect = options.dialect ?? submissionDialects['hand-bone'];
  const entries = dataset.entries[split];
  requireAnnotations(dataset, split, entries);
  await using lookup = new SubmissionLookup(submission, dialect);
  const predict = (entry: SampleEntry) => labelsOf(lookup, dialect, dataset, entry);
  const { figures, worst } = yield* evaluatePredictions({ dataset, entries, predict, maps, signal });
  const title = submission.replace(/^.*[/\\]/, '');
  const subtitle = `The ${entries.length} ${split} images of ${dataset.root}`;
  const report = await writeEvaluation(out, figures, worst, { title, subtitle });
  return { ...figures, submission, report };
}

async function labelsOf(
  lookup: SubmissionLookup,
  dialect: SubmissionDialect,
  dataset: Dataset,
  entry: SampleEntry,
): Promise<LabelMap> {
  const { width, height } = await dataset.readSize(entry);
  const masks = [];
  for (const className of dataset.classes) {
    const row = await lookup.take(entry.id, className);
    if (row === undefined) {
      throw new PhalanxError('submission/rows', {
        what: 'The submission does not have one row per image and class',
        where: lookup.path,
        received: `no row of "${entry.id.slice(0, 200)}", "${className.slice(0, 200)}"`,
        fix: 'List every defect with: phalanx submission check',
      });
    }
    masks.push(rowMask(lookup.path, row, { width, height }, dialect));
  }
  return labelsOfRuns(masks, { width, height, order: dialect.rle.order });
}
