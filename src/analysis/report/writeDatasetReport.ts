import type { Dataset, SampleEntry } from '../../data/dataset.ts';
import { renderOverlay } from '../../labels/overlay.ts';
import type { Image } from '../../pixels/image.ts';
import type { ClassStatistics, DatasetAnalysis } from '../analyzeDataset.ts';
import { barChart, histogram } from '../charts/barChart.ts';
import { dotPlot } from '../charts/dotPlot.ts';
import { contactSheet } from '../contactSheet.ts';
import { dataUrl, shrink } from '../pictures.ts';
import type { MeanAndDeviation } from '../statistics.ts';
import { cards, pictures, table, writePage } from './page.ts';
import type { Section } from './page.ts';

/** How many images the contact sheets show, and outliers the list. */
const shown = { samples: 12, outliers: 40, overlaps: 14 } as const;

/**
 * Writes what `analyzeDataset` found as one HTML file, with contact sheets of typical and of unusual images.
 *
 * @throws PhalanxError `file/write`, and whatever reading the shown images gives.
 */
export async function writeDatasetReport(
  path: string,
  dataset: Dataset,
  analysis: DatasetAnalysis,
): Promise<void> {
  const { images, people, classes, overlaps } = analysis;
  await writePage(path, {
    title: 'Dataset',
    subtitle: dataset.root,
    figures: [
      { label: 'Images', value: String(images.train), note: `and ${images.test} to predict` },
      { label: 'People', value: String(people.length), note: 'in the images analyzed here' },
      { label: 'Classes', value: String(classes.length) },
      { label: 'Pairs that overlap', value: String(overlaps.length) },
      { label: 'Unusual images', value: String(analysis.outliers.filter(({ score }) => score > 0).length) },
    ],
    sections: [
      await sheet('Samples', dataset, pickSamples(dataset, analysis)),
      ...(analysis.annotated > 0 ? [areas(classes), overlapSection(analysis)] : []),
      ...peopleSection(analysis),
      ...(await outlierSection(dataset, analysis)),
    ],
  });
}

/** Draws samples with their labels on one sheet. */
export async function sampleSheet(
  dataset: Dataset,
  entries: readonly SampleEntry[],
  options: { readonly columns?: number; readonly tile?: number; readonly labels?: boolean } = {},
): Promise<Image> {
  const { columns = 4, tile = 300, labels = true } = options;
  const tiles: Image[] = [];
  for (const entry of entries) {
    const image = await dataset.readImage(entry);
    const annotated = labels && entry.annotationPath !== undefined;
    const small = await shrink(image, annotated ? [await dataset.readLabels(entry)] : [], tile);
    tiles.push(small.labels[0] === undefined ? small.image : renderOverlay(small.image, small.labels[0]));
  }
  return contactSheet(tiles, { columns, tile, captions: entries.map(({ id }) => id.replace(/\.\w+$/, '')) });
}

async function sheet(heading: string, dataset: Dataset, entries: readonly SampleEntry[]): Promise<Section> {
  const image = await sampleSheet(dataset, entries);
  return { heading, content: [pictures([{ url: await dataUrl(image), caption: '' }], 'wide')] };
}

/** Evenly spread over the analyzed images. */
function pickSamples(dataset: Dataset, { samples }: DatasetAnalysis): SampleEntry[] {
  const byId = new Map([...dataset.entries.train, ...dataset.entries.test].map((entry) => [entry.id, entry]));
  const step = Math.max(1, samples.length / shown.samples);
  return Array.from({ length: Math.min(samples.length, shown.samples) }, (_, index) =>
    byId.get(samples[Math.floor(index * step)]!.id),
  ).filter((entry) => entry !== undefined);
}

function areas(classes: readonly ClassStatistics[]): Section {
  const dot = (area: MeanAndDeviation | undefined): { value: number; range: [number, number] } | undefined =>
    area && {
      value: area.mean,
      range: [Math.max(1, area.mean - area.deviation), area.mean + area.deviation],
    };
  const sorted = [...classes].sort((a, b) => a.area.mean - b.area.mean);
  const sexed = classes.some(
    ({ areaBySex }) => areaBySex.female !== undefined || areaBySex.male !== undefined,
  );
  return {
    heading: 'Size of each class',
    text: 'Mean area in pixels of the full image, with one standard deviation to each side; the smallest first.',
    content: [
      cards([
        dotPlot({
          title: 'All images',
          valueLabel: 'pixels',
          series: ['all'],
          rows: sorted.map(({ name, area }) => ({ label: name, dots: [dot(area)] })),
          logarithmic: true,
        }),
        ...(sexed
          ? [
              dotPlot({
                title: 'Women and men',
                valueLabel: 'pixels',
                series: ['women', 'men'],
                rows: sorted.map(({ name, areaBySex: { female, male } }) => ({
                  label: name,
                  dots: [female, male].map((area) => area && { value: area.mean }),
                })),
                logarithmic: true,
              }),
            ]
          : []),
      ]),
    ],
  };
}

function overlapSection({ overlaps }: DatasetAnalysis): Section {
  return {
    heading: 'Classes that share pixels',
    text: 'Shared pixels as a share of the smaller of the two classes, over all images together.',
    content: [
      cards([
        barChart({
          title: `The strongest of ${overlaps.length} pairs`,
          bars: overlaps.slice(0, shown.overlaps).map(({ classes, shareOfSmaller }) => ({
            label: classes.join(' · '),
            value: 100 * shareOfSmaller,
          })),
          format: (value) => `${value.toFixed(1)} %`,
          width: 620,
        }),
      ]),
    ],
  };
}

function peopleSection({ people }: DatasetAnalysis): Section[] {
  const chart = (title: string, valueLabel: string, key: 'age' | 'height' | 'weight') =>
    histogram({
      title,
      valueLabel,
      width: 340,
      groups: (['female', 'male'] as const).map((sex) => ({
        name: sex === 'female' ? 'women' : 'men',
        values: people.flatMap((person) =>
          person.sex === sex && person[key] !== undefined ? [person[key]] : [],
        ),
      })),
    });
  if (!people.some(({ sex }) => sex !== undefined)) return [];
  return [
    {
      heading: 'People',
      content: [
        cards([
          chart('Age', 'years', 'age'),
          chart('Height', 'cm', 'height'),
          chart('Weight', 'kg', 'weight'),
        ]),
      ],
    },
  ];
}

async function outlierSection(dataset: Dataset, { outliers }: DatasetAnalysis): Promise<Section[]> {
  if (outliers.length === 0) return [];
  const listed = outliers.slice(0, shown.outliers);
  const ids = new Set(listed.slice(0, shown.samples).map(({ id }) => id));
  const entries = [...dataset.entries.train, ...dataset.entries.test].filter(({ id }) => ids.has(id));
  const pictured = await sheet('Unusual images', dataset, entries);
  return [
    {
      ...pictured,
      text: 'Images that differ from the others in brightness, tilt or the area of a class, or whose person has a remark.',
      content: [
        ...pictured.content,
        table({
          columns: ['Image', 'Person', 'Score', 'What is unusual', 'Remark'],
          textColumns: [3, 4],
          rows: listed.map(({ id, person, score, reasons, remarks }) => ({
            cells: [
              id,
              person,
              Number.isFinite(score) ? score.toFixed(1) : 'missing',
              [...reasons.slice(0, 3), ...(reasons.length > 3 ? [`${reasons.length - 3} more`] : [])].join(
                '; ',
              ),
              remarks ?? '',
            ],
          })),
        }),
      ],
    },
  ];
}
