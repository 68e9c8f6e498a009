import { join } from 'node:path';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import type { Dataset, SampleEntry } from '../../data/dataset.ts';
import { encodePng } from '../../data/encodePng.ts';
import { knownLabels } from '../../labels/classSets.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { release } from '../../pixels/memory.ts';
import { EvaluationAccumulator } from './accumulator.ts';
import type { EvaluationFigures } from './figures.ts';
import { WorstPictures } from './worstPictures.ts';

export interface EvaluateOptions {
  readonly dataset: Dataset;
  /** Annotated images. */
  readonly entries: readonly SampleEntry[];
  /** At the image's own size, classes in the dataset's order. */
  readonly predict: (entry: SampleEntry) => Promise<LabelMap>;
  /** Folder for an error map of every image, a PNG of its size. */
  readonly maps?: string | undefined;
  /** Of the surface Dice, pixels; 2 unless given. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Evaluated {
  readonly figures: EvaluationFigures;
  readonly worst: WorstPictures;
}

export interface EvaluationProgress {
  readonly type: 'progress';
  readonly done: number;
  readonly total: number;
}

/**
 * Compares predictions with annotations, image by image at their own sizes: while one is compared the next is read, and
 * nothing else is held.
 *
 * @throws PhalanxError `analysis/error-map`, `file/write`, and what reading and predicting throw; the signal's reason.
 */
export async function* evaluatePredictions(
  options: EvaluateOptions,
): AsyncGenerator<EvaluationProgress, Evaluated> {
  const { dataset, entries, predict, maps, tolerance, signal } = options;
  const accumulator = new EvaluationAccumulator(dataset.classes, tolerance);
  const worst = new WorstPictures(dataset.classes.length);
  const load = (index: number) => {
    const entry = entries[index];
    if (entry === undefined) return undefined;
    const loaded = Promise.all([
      dataset.readImage(entry),
      knownTruth(dataset.readLabels(entry), predict(entry)),
    ]);
    loaded.catch(() => undefined);
    return loaded;
  };
  let next = load(0);
  try {
    for (const [index, { id }] of entries.entries()) {
      signal?.throwIfAborted();
      const [image, [truth, prediction]] = await next!;
      next = load(index + 1);
      const evaluated = await accumulator.add(id, image, truth, prediction);
      await worst.add(image, truth, prediction, evaluated);
      if (maps !== undefined) {
        await writeFileAtomic(join(maps, mapName(index, id)), await encodePng(evaluated.map.image));
      }
      release([evaluated.map.image.data]);
      yield { type: 'progress', done: index + 1, total: entries.length };
    }
  } finally {
    await next?.catch(() => undefined);
  }
  return { figures: accumulator.finish(), worst };
}

/** What nobody knows is neither right nor wrong, whatever the annotation or the prediction says there. */
async function knownTruth(
  annotated: Promise<LabelMap>,
  predicted: Promise<LabelMap>,
): Promise<readonly [truth: LabelMap, prediction: LabelMap]> {
  const [truth, prediction] = await Promise.all([annotated, predicted]);
  const { unknown } = truth;
  if (unknown === undefined) return [truth, prediction];
  return Promise.all([knownLabels(truth, unknown), knownLabels(prediction, unknown)]);
}

/** A name that no identifier can lead out of the folder, and that sorts as the images do. */
function mapName(index: number, id: string): string {
  const plain = id
    .replace(/\.\w+$/, '')
    .replace(/[^\w-]/g, '_')
    .slice(0, 100);
  return `${String(index + 1).padStart(4, '0')}-${plain}.png`;
}
