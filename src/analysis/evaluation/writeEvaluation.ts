import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { markup } from '../charts/markup.ts';
import { errorKinds } from '../errorMap.ts';
import { cards, pictures, table, writePage } from '../report/page.ts';
import type { Page, Section } from '../report/page.ts';
import { distanceChart, errorBars, errorKey } from './charts.ts';
import { confusionTable } from './confusionTable.ts';
import type { EvaluationFigures } from './figures.ts';
import type { WorstPictures } from './worstPictures.ts';

export interface EvaluationPage {
  readonly title: string;
  readonly subtitle: string;
  /** Further sections, before the errors. */
  readonly sections?: readonly Section[];
}

/**
 * Writes `evaluation.html`, which needs nothing but itself, and `evaluation.json` into a folder.
 *
 * @param figures with whatever else the JSON is to hold.
 * @returns the page's path.
 * @throws PhalanxError `file/write`.
 */
export async function writeEvaluation(
  folder: string,
  figures: EvaluationFigures,
  worst: WorstPictures,
  { title, subtitle, sections = [] }: EvaluationPage,
): Promise<string> {
  const path = join(folder, 'evaluation.html');
  await writeFileAtomic(join(dirname(path), 'evaluation.json'), `${JSON.stringify(figures, null, 2)}\n`);
  await writePage(path, {
    title,
    subtitle,
    figures: headlines(figures),
    sections: [
      ...sections,
      wrongPixels(figures),
      borders(figures),
      {
        heading: 'Classes taken for each other',
        text: 'Rows are what is there, columns what was said instead; “nothing” is what was missed.',
        content: [confusionTable(figures)],
      },
      worstClasses(figures, worst),
      worstImages(figures, worst),
    ],
  });
  return path;
}

function headlines({
  meanDice,
  images,
  errors,
  classes,
  surfaceTolerance,
  borderDistances,
}: EvaluationFigures): Page['figures'] {
  const wrong = errors.confused + errors.missed + errors.extra;
  const share = (count: number): string => `${((100 * count) / Math.max(wrong, 1)).toFixed(0)} %`;
  const near = errorKinds.reduce(
    (sum, kind) => sum + borderDistances[kind].slice(0, 3).reduce((all, value) => all + value, 0),
    0,
  );
  const surfaces = Object.values(classes).flatMap(({ surfaceDice }) => surfaceDice ?? []);
  const meanSurface = surfaces.reduce((sum, value) => sum + value, 0) / surfaces.length;
  return [
    { label: 'Mean Dice', value: meanDice.toFixed(4), note: `over ${images} images` },
    {
      label: 'Surface Dice',
      value: surfaces.length === 0 ? '–' : meanSurface.toFixed(4),
      note: `within ${surfaceTolerance} px, over classes`,
    },
    { label: 'Another class', value: share(errors.confused), note: 'of the wrong pixels, red' },
    { label: 'Missed', value: share(errors.missed), note: 'of the wrong pixels, yellow' },
    { label: 'Too much', value: share(errors.extra), note: 'of the wrong pixels, green' },
    { label: 'At borders', value: share(near), note: 'of the wrong pixels within 2 px of one' },
  ];
}

function wrongPixels(figures: EvaluationFigures): Section {
  const rows = Object.entries(figures.classes).sort(([, a], [, b]) => a.dice - b.dice);
  const percent = (pixels: number, of: number): string => ((100 * pixels) / Math.max(1, of)).toFixed(2);
  return {
    heading: 'What is wrong, by class',
    text: `Red, yellow and green are shares of the class’s pixels in the truth. HD95: 95 % of the outlines lie within so many pixels of each other, the median over images. Surface Dice: the share of the outlines within ${figures.surfaceTolerance} px.`,
    content: [
      errorKey(),
      cards([errorBars(figures)]),
      table({
        columns: [
          'Class',
          'Dice',
          'Red %',
          'Yellow %',
          'Green %',
          'HD95, px',
          'Surface Dice',
          'Not found',
          'Made up',
          'Taken for',
        ],
        textColumns: [9],
        rows: rows.map(([name, one]) => ({
          cells: [
            name,
            one.dice.toFixed(4),
            ...errorKinds.map((kind) => percent(one[kind], one.truth)),
            one.hausdorff95?.toFixed(1) ?? '–',
            one.surfaceDice?.toFixed(4) ?? '–',
            one.notFound,
            one.madeUp,
            one.takenFor
              .map(({ className, pixels }) => `${className} (${percent(pixels, one.truth)} %)`)
              .join(', ') || '–',
          ],
        })),
      }),
    ],
  };
}

function borders(figures: EvaluationFigures): Section {
  const { borderDistances } = figures;
  const sum = (counts: readonly number[]): number => counts.reduce((all, value) => all + value, 0);
  const all = Math.max(1, sum(errorKinds.map((kind) => sum(borderDistances[kind]))));
  const within = [0, 1, 2, 4, 8, 16, 32];
  return {
    heading: 'How far from a border',
    text: 'A border is where the truth changes between two neighbouring pixels; a wrong pixel beside it has distance 0. Errors far from every border are parts that were missed or made up as a whole.',
    content: [
      errorKey(),
      cards([distanceChart(figures)]),
      table({
        columns: [
          'Of all wrong pixels, %',
          ...within.map((d) => (d === 0 ? 'beside it' : `within ${d} px`)),
          'anywhere',
        ],
        rows: (['confused', 'missed', 'extra'] as const).map((kind, k) => ({
          cells: [
            ['red', 'yellow', 'green'][k]!,
            ...[...within, Infinity].map((d) =>
              ((100 * sum(borderDistances[kind].slice(0, d + 1))) / all).toFixed(1),
            ),
          ],
        })),
      }),
    ],
  };
}

function worstClasses(figures: EvaluationFigures, worst: WorstPictures): Section {
  const names = Object.keys(figures.classes);
  return {
    heading: 'Each of the worst classes at its worst',
    text: 'Cut out of the error maps at the image’s own size where it fits.',
    content: [
      errorKey(),
      pictures(
        worst.classes.slice(0, 9).map(({ classIndex, id, dice, url }) => ({
          url,
          caption: `${names[classIndex]!} in ${id}: Dice ${dice.toFixed(4)}`,
        })),
      ),
    ],
  };
}

function worstImages(figures: EvaluationFigures, worst: WorstPictures): Section {
  const share = (pixels: number, of: number): string => ((100 * pixels) / Math.max(1, of)).toFixed(2);
  return {
    heading: 'The worst images',
    content: [
      table({
        columns: ['Image', 'Mean Dice', 'Red %', 'Yellow %', 'Green %', 'Worst class', 'Dice there'],
        rows: figures.worstImages.slice(0, 20).map(({ id, meanDice, errors, worstClass }) => ({
          cells: [
            id,
            meanDice.toFixed(4),
            ...errorKinds.map((kind) => share(errors[kind], errors.labelled)),
            worstClass.className,
            worstClass.dice.toFixed(4),
          ],
        })),
      }),
      markup`<p>Shares are of the pixels that have a class in the truth or the prediction.</p>`,
      errorKey(),
      ...worst.images.map(({ id, meanDice, truth, prediction, errors }) =>
        pictures([
          { url: truth, caption: `${id}: truth` },
          { url: prediction, caption: `prediction, mean Dice ${meanDice.toFixed(4)}` },
          { url: errors, caption: 'errors' },
        ]),
      ),
    ],
  };
}
