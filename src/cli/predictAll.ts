import { relative, resolve } from 'node:path';
import type { PredictedSplit } from '../experiment/predictRun.ts';
import { openRunData, storeOf } from '../experiment/predictRun.ts';
import { findFolds } from '../experiment/findFolds.ts';
import { predictRuns } from '../experiment/predictRuns.ts';
import type { RunPrediction } from '../experiment/predictRuns.ts';
import { findRun } from '../experiment/runDirectory.ts';
import { pseudoLabelFormat, writePseudoLabels } from '../inference/pseudoLabels.ts';
import type { TtaName } from '../inference/tta/names.ts';
import { ttaOf } from '../inference/tta/options.ts';
import type { Inference } from '../inference/windows/options.ts';
import type { CommandContext } from './command.ts';
import { PredictionView } from './terminal/ensemble.ts';

export interface PredictAllOptions {
  readonly split: PredictedSplit;
  readonly tta: TtaName;
  readonly weights?: readonly string[];
  /** Of each experiment the newest run of every fold. */
  readonly folds?: boolean;
  readonly inference?: Inference | undefined;
  readonly overwrite?: boolean;
  readonly asLabels?: string;
  readonly confidence?: number;
  readonly data?: string;
  readonly runs: string;
  readonly cache: string;
}

/** `phalanx predict`. */
export async function predictAll(
  context: CommandContext,
  references: readonly string[],
  options: PredictAllOptions,
): Promise<void> {
  const { output, signal } = context;
  const predictions = await predictionsOf(references, options);
  const names = [...new Set(predictions.map(({ data }) => data.run.state.experiment))];
  const view = new PredictionView(output, names.join(', '));
  const { cache, overwrite = false } = options;
  const sum = { written: 0, kept: 0, bytes: 0, seconds: 0 };
  for await (const event of predictRuns({ runs: predictions, cache, overwrite, signal })) {
    view.show(event);
    if (event.type !== 'finished') continue;
    for (const key of ['written', 'kept', 'bytes', 'seconds'] as const) sum[key] += event[key];
  }
  const stores = predictions.map(({ store }) => store.root);
  const text = [`Logits are in ${stores.join(', ')}.`];
  let labels: LabelsWritten | undefined;
  if (options.asLabels !== undefined) {
    labels = await label(context, predictions, { ...options, asLabels: options.asLabels });
    const further = { name: 'pseudo', root: labels.root, format: labels.format };
    text.push(
      `${labels.kept} images with labels are in ${labels.root}; ${labels.left} were left out.`,
      `Train on them with data.further: [${JSON.stringify(further)}]`,
    );
  }
  output.result({ ...sum, stores, ...(labels === undefined ? {} : { labels }) }, text.join('\n'));
}

/** What is to be predicted, each once. */
async function predictionsOf(
  references: readonly string[],
  { split, tta: name, weights, folds = false, inference, data: root, runs: folder }: PredictAllOptions,
): Promise<RunPrediction[]> {
  const runs = resolve(folder);
  const tta = ttaOf(name);
  const found = await Promise.all(
    references.map(async (reference) =>
      folds ? await findFolds(runs, reference) : [await findRun(runs, reference)],
    ),
  );
  const predictions = new Map<string, RunPrediction>();
  for (const run of found.flat()) {
    const data = await openRunData(run, split, root);
    for (const own of weights ?? [undefined]) {
      const other = { weights: own, inference };
      const store = storeOf(run, split, tta, other);
      predictions.set(store.root, { data, tta, store, ...other });
    }
  }
  return [...predictions.values()];
}

interface LabelsWritten {
  readonly root: string;
  readonly kept: number;
  readonly left: number;
  readonly format: ReturnType<typeof pseudoLabelFormat>;
}

async function label(
  { output, signal }: CommandContext,
  predictions: readonly RunPrediction[],
  { asLabels: directory, confidence = 0.9, overwrite = false }: PredictAllOptions & { asLabels: string },
): Promise<LabelsWritten> {
  const { dataset, entries } = predictions[0]!.data;
  const members = predictions.map(({ store }) => ({ name: relative(process.cwd(), store.root), store }));
  const progress = output.progress('label');
  let counts = { kept: 0, left: 0 };
  const options = { members, dataset, entries, directory, confidence, overwrite, signal };
  try {
    for await (const event of writePseudoLabels(options)) {
      if (event.type === 'progress') progress.update(event.done, event.total);
      else counts = { kept: event.kept, left: event.left };
    }
  } finally {
    progress.clear();
  }
  return { root: directory, ...counts, format: pseudoLabelFormat(dataset.classes) };
}
