import type { Dataset, SampleEntry } from '../../../data/dataset.ts';
import { sampleSheet } from '../../sampleSheet.ts';
import type { DatasetAnalysis } from '../../dataset/schema.ts';
import { dataUrl } from '../../pictures.ts';
import { pictures, table, writePage } from '../page.ts';
import type { Page, Section } from '../page.ts';
import { classSections } from './classSections.ts';
import { distributionSections } from './distributionSections.ts';
import { outlierSection } from './outlierSection.ts';

/** How many images the contact sheet shows, and how many broken files are named. */
const shown = { samples: 12, unreadable: 50 } as const;

/**
 * Writes what `analyzeDataset` found as one HTML file that needs nothing else, with pictures of typical and of unusual
 * images. Sections on what the dataset does not have (labels, people, ages) are left out.
 *
 * @throws PhalanxError `file/write`, and whatever reading the shown images gives.
 */
export async function writeDatasetReport(
  path: string,
  dataset: Dataset,
  analysis: DatasetAnalysis,
): Promise<void> {
  await writePage(path, {
    title: 'Dataset',
    subtitle: analysis.root,
    figures: figuresOf(analysis),
    sections: [
      ...unreadableSection(analysis),
      ...(await sampleSection(dataset, analysis)),
      ...classSections(analysis),
      ...distributionSections(analysis),
      ...(await outlierSection(dataset, analysis)),
    ],
  });
}

function figuresOf({ images, people, classes, ...analysis }: DatasetAnalysis): Page['figures'] {
  const { annotated, samples, overlaps, outliers } = analysis;
  const known = people.length < samples.length || people.some((person) => Object.keys(person).length > 1);
  return [
    { label: 'Images', value: String(images.train), note: `and ${images.test} to predict` },
    { label: 'Analyzed', value: String(samples.length), note: `${annotated} with labels` },
    ...(known ? [{ label: 'People', value: String(people.length), note: 'in the images analyzed' }] : []),
    { label: 'Classes', value: String(classes.length) },
    { label: 'Pairs that overlap', value: String(overlaps.length) },
    {
      label: 'Unusual images',
      value: String(outliers.filter(({ score }) => score > 0).length),
      note: `and ${outliers.filter(({ score }) => score === 0).length} with a remark`,
    },
  ];
}

function unreadableSection({ unreadable }: DatasetAnalysis): Section[] {
  if (unreadable.length === 0) return [];
  return [
    {
      heading: 'Files that could not be read',
      text: `${unreadable.length} in all, left out of everything below; phalanx data check says more.`,
      content: [
        table({
          columns: ['File', 'What is wrong', 'Code'],
          textColumns: [1],
          rows: unreadable
            .slice(0, shown.unreadable)
            .map(({ file, what, code }) => ({ cells: [file, what, code] })),
        }),
      ],
    },
  ];
}

async function sampleSection(dataset: Dataset, analysis: DatasetAnalysis): Promise<Section[]> {
  const entries = pickSamples(dataset, analysis);
  if (entries.length === 0) return [];
  const url = await dataUrl(await sampleSheet(dataset, entries));
  const alt = `${entries.length} images with their labels: ${entries.map(({ id }) => id).join(', ')}`;
  return [{ heading: 'Samples', content: [pictures([{ url, caption: '', alt }], 'wide')] }];
}

/** Evenly spread over the analyzed images, but for those whose labels cannot be read. */
function pickSamples(dataset: Dataset, { samples }: DatasetAnalysis): SampleEntry[] {
  const measured = new Map(samples.map((sample) => [sample.id, sample]));
  const usable = [...dataset.entries.train, ...dataset.entries.test].filter(({ id, annotationPath }) => {
    const sample = measured.get(id);
    return sample !== undefined && (annotationPath === undefined || sample.areas !== undefined);
  });
  const step = Math.max(1, usable.length / shown.samples);
  return Array.from(
    { length: Math.min(usable.length, shown.samples) },
    (_, index) => usable[Math.floor(index * step)]!,
  );
}
