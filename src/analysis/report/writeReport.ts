import type { LabelMap } from '../../labels/labelMap.ts';
import { diceOfLabels } from '../../labels/overlap.ts';
import { renderOverlay } from '../../labels/overlay.ts';
import type { Image } from '../../pixels/image.ts';
import { barChart } from '../charts/barChart.ts';
import { dotPlot } from '../charts/dotPlot.ts';
import { lineChart } from '../charts/lineChart.ts';
import type { LineSeries } from '../charts/lineChart.ts';
import type { Markup } from '../charts/markup.ts';
import { markup } from '../charts/markup.ts';
import { errorColours, errorMap } from '../errorMap.ts';
import { dataUrl, shrink } from '../pictures.ts';
import { cards, pictures, table, writePage } from './page.ts';
import type { Page, Section } from './page.ts';

/** A model or an ensemble, scored over the same images. */
export interface ScoredModel {
  readonly name: string;
  readonly meanDice: number;
  /** Mean over images, by class name. */
  readonly perClass: Readonly<Record<string, number>>;
  readonly parameters?: number;
  /** Of training. */
  readonly seconds?: number;
}

/** How training went: losses step by step, scores at each validation. */
export interface TrainingCurve {
  readonly name: string;
  readonly loss: readonly (readonly [step: number, loss: number])[];
  readonly dice: readonly (readonly [step: number, meanDice: number])[];
}

/** One image with what is on it and what was found. */
export interface ReportSample {
  readonly id: string;
  readonly image: Image;
  readonly truth: LabelMap;
  readonly prediction: LabelMap;
}

export interface Report {
  readonly title: string;
  readonly subtitle?: string;
  readonly figures: Page['figures'];
  /** In the order of the classes' bits. */
  readonly classes: readonly string[];
  readonly members: readonly ScoredModel[];
  readonly ensemble?: ScoredModel;
  readonly curves: readonly TrainingCurve[];
  readonly samples: readonly ReportSample[];
  readonly timings: readonly { readonly name: string; readonly seconds: number }[];
}

/** Side of the pictures in a report, pixels. */
const pictureSide = 640;

/**
 * Writes the report of a job as one HTML file: scores, training curves, Dice of each class, pictures of truth,
 * prediction and errors, and where the time went.
 *
 * @throws PhalanxError `file/write`; `analysis/error-map` for a sample whose parts differ in size.
 */
export async function writeReport(path: string, report: Report): Promise<void> {
  const models = report.ensemble === undefined ? report.members : [...report.members, report.ensemble];
  await writePage(path, {
    title: report.title,
    ...(report.subtitle === undefined ? {} : { subtitle: report.subtitle }),
    figures: report.figures,
    sections: [
      ...(models.length > 0 ? [scores(models, report.ensemble), perClass(models, report.classes)] : []),
      ...(report.curves.length > 0 ? [trainingSection(report.curves)] : []),
      ...(report.samples.length > 0 ? [await sampleSection(report.samples)] : []),
      ...(report.timings.length > 0 ? [timing(report.timings)] : []),
    ],
  });
}

function scores(models: readonly ScoredModel[], ensemble: ScoredModel | undefined): Section {
  return {
    heading: 'Scores',
    text: 'Dice as the competition counts it: at full resolution, over images for each class, then over classes.',
    content: [
      table({
        columns: ['Model', 'Mean Dice', 'Worst class', 'Dice there', 'Parameters', 'Training'],
        rows: models.map((model) => {
          const worst = Object.entries(model.perClass).sort(([, a], [, b]) => a - b)[0];
          return {
            strong: model === ensemble,
            cells: [
              model.name,
              model.meanDice.toFixed(4),
              worst?.[0] ?? '–',
              worst?.[1].toFixed(4) ?? '–',
              model.parameters === undefined ? '–' : `${(model.parameters / 1e6).toFixed(1)} M`,
              model.seconds === undefined ? '–' : formatSeconds(model.seconds),
            ],
          };
        }),
      }),
    ],
  };
}

function perClass(models: readonly ScoredModel[], classes: readonly string[]): Section {
  const rows = classes.map((label) => ({
    label,
    dots: models.map(({ perClass: dice }) =>
      dice[label] === undefined ? undefined : { value: dice[label] },
    ),
  }));
  const best = models.at(-1)!;
  rows.sort((a, b) => (best.perClass[a.label] ?? 0) - (best.perClass[b.label] ?? 0));
  const half = Math.ceil(rows.length / 2);
  const values = rows.flatMap(({ dots }) => dots.flatMap((dot) => (dot === undefined ? [] : [dot.value])));
  const low = Math.max(0, Math.floor(Math.min(...values, 0.95) * 20 - 0.2) / 20);
  const parts = rows.length > 16 ? [rows.slice(0, half), rows.slice(half)] : [rows];
  return {
    heading: 'Dice of each class',
    text: `Sorted by ${best.name}, the hardest classes first.`,
    content: [
      cards(
        parts.map((part, index) =>
          dotPlot({
            title: parts.length === 1 ? 'All classes' : index === 0 ? 'Harder half' : 'Easier half',
            valueLabel: 'Dice',
            series: models.map(({ name }) => name),
            rows: part,
            domain: [low, 1],
            format: (value) => value.toFixed(4),
          }),
        ),
      ),
    ],
  };
}

/** Losses and validation scores, step by step. */
export function trainingSection(curves: readonly TrainingCurve[]): Section {
  const series = (pick: (curve: TrainingCurve) => LineSeries['points']): LineSeries[] =>
    curves
      .map((curve) => ({ name: curve.name, points: pick(curve) }))
      .filter(({ points }) => points.length > 0);
  const losses = series(({ loss }) => loss);
  const dice = series((curve) => curve.dice);
  return {
    heading: 'Training',
    content: [
      cards([
        ...(losses.length > 0
          ? [lineChart({ title: 'Loss', xLabel: 'step', series: losses, logarithmic: true, smoothing: 0.9 })]
          : []),
        ...(dice.length > 0
          ? [
              lineChart({
                title: 'Mean Dice on validation people',
                xLabel: 'step',
                series: dice,
                markers: true,
              }),
            ]
          : []),
      ]),
    ],
  };
}

async function sampleSection(samples: readonly ReportSample[]): Promise<Section> {
  const key = (colour: readonly [number, number, number], text: string): Markup =>
    markup`<span class="key" style="background: rgb(${colour.join(' ')})"></span>${text}`;
  return {
    heading: 'Truth, prediction, errors',
    content: [
      markup`<p>${key(errorColours.confused, 'taken for another class')}${key(errorColours.missed, 'missed')}${key(errorColours.extra, 'found where nothing is')}</p>`,
      ...(await Promise.all(samples.map(drawSample))),
    ],
  };
}

async function drawSample({ id, image, truth, prediction }: ReportSample): Promise<Markup> {
  const errors = await errorMap(image, truth, prediction);
  const dice = await diceOfLabels(truth, prediction);
  const meanDice = dice.reduce((sum, value) => sum + value, 0) / Math.max(1, dice.length);
  const { confused, missed, extra, labelled } = errors.counts;
  const share = (pixels: number): string => `${((100 * pixels) / Math.max(1, labelled)).toFixed(1)} %`;
  const small = await shrink(image, [truth, prediction], pictureSide);
  const smallErrors = await shrink(errors.image, [], pictureSide);
  return pictures([
    { url: await dataUrl(renderOverlay(small.image, small.labels[0]!)), caption: `${id}: truth` },
    {
      url: await dataUrl(renderOverlay(small.image, small.labels[1]!)),
      caption: `prediction, mean Dice ${meanDice.toFixed(4)}`,
    },
    {
      url: await dataUrl(smallErrors.image),
      caption: `errors: ${share(confused)} confused, ${share(missed)} missed, ${share(extra)} extra`,
    },
  ]);
}

function timing(timings: Report['timings']): Section {
  const total = timings.reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    heading: 'Where the time went',
    content: [
      cards([
        barChart({
          title: `${formatSeconds(total)} in all`,
          bars: timings.map(({ name, seconds }) => ({ label: name, value: seconds })),
          format: formatSeconds,
        }),
      ]),
    ],
  };
}

/** Seconds as a person says them: `0.42 s`, `37 s`, `4 min 05 s`. */
function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.5) return `${seconds.toFixed(0)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
