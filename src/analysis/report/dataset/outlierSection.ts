import type { Dataset, SampleEntry } from '../../../data/dataset.ts';
import { PhalanxError } from '../../../core/errors.ts';
import { renderOverlay } from '../../../labels/overlay.ts';
import { markup } from '../../charts/markup.ts';
import type { Markup } from '../../charts/markup.ts';
import type { DatasetAnalysis, Outlier } from '../../dataset/schema.ts';
import { dataUrl, shrink } from '../../pictures.ts';
import { imageOf, table } from '../page.ts';
import type { Section } from '../page.ts';

/** How many candidates are shown with pictures, and how many are listed below them. */
const shown = { pictured: 24, listed: 200, reasons: 5 } as const;
/** Pixels. */
const thumbnailSide = 260;

/** Candidates for a closer look, with what is unusual about them. */
export async function outlierSection(
  dataset: Dataset,
  { outliers }: Pick<DatasetAnalysis, 'outliers'>,
): Promise<Section[]> {
  if (outliers.length === 0) return [];
  const entries = new Map(
    [...dataset.entries.train, ...dataset.entries.test].map((entry) => [entry.id, entry]),
  );
  const pictured: Markup[] = [];
  for (const outlier of outliers.slice(0, shown.pictured)) {
    pictured.push(await candidate(dataset, entries.get(outlier.id), outlier));
  }
  const rest = outliers.slice(shown.pictured, shown.pictured + shown.listed);
  const left = outliers.length - shown.pictured - rest.length;
  return [
    {
      heading: 'Candidates for a closer look',
      text: 'Images that differ from the others, the most unusual first. The score is a modified z-score, (x − median) / (1.48 · MAD), of the most unusual measure, from 3.5 on; it is 10 for a class that is missing where nearly all have it, and 0 for images whose person merely has a remark. Unusual is not wrong: most of these are for training on, some for drawing more often.',
      content: [
        markup`<ol class="candidates">${pictured}</ol>`,
        ...(rest.length === 0
          ? []
          : [
              table({
                columns: ['Image', 'Person', 'Score', 'What is unusual', 'Remark'],
                textColumns: [3, 4],
                rows: rest.map((outlier) => ({
                  cells: [
                    outlier.id,
                    outlier.person,
                    outlier.score.toFixed(1),
                    reasonsOf(outlier).join('; '),
                    outlier.remarks ?? '',
                  ],
                })),
              }),
            ]),
        ...(left > 0 ? [markup`<p>${left} more are in the JSON.</p>`] : []),
      ],
    },
  ];
}

function reasonsOf({ reasons }: Outlier): string[] {
  const more = reasons.length - shown.reasons;
  return [...reasons.slice(0, shown.reasons).map(({ text }) => text), ...(more > 0 ? [`${more} more`] : [])];
}

async function candidate(
  dataset: Dataset,
  entry: SampleEntry | undefined,
  outlier: Outlier,
): Promise<Markup> {
  const { id, person, score, tags, remarks } = outlier;
  const reasons = reasonsOf(outlier).map((reason) => markup`<li>${reason}</li>`);
  return markup`<li class="candidate"><div class="pair">${entry && (await thumbnails(dataset, entry))}</div><h3>${id}</h3><p>${person !== id && `Person ${person}, `}score ${score.toFixed(1)}</p>${
    reasons.length > 0 && markup`<ul>${reasons}</ul>`
  }${remarks !== undefined && markup`<p>Remark: ${remarks}</p>`}<p>${tags.map((tag) => markup`<span class="tag">${tag}</span>`)}</p></li>`;
}

async function thumbnails(dataset: Dataset, entry: SampleEntry): Promise<Markup[]> {
  const image = await dataset.readImage(entry);
  const labels = await readableLabels(dataset, entry);
  const small = await shrink(image, labels === undefined ? [] : [labels], thumbnailSide);
  const pictures = [imageOf(await dataUrl(small.image), entry.id)];
  if (small.labels[0] !== undefined) {
    const overlay = renderOverlay(small.image, small.labels[0]);
    pictures.push(imageOf(await dataUrl(overlay), `${entry.id} with its labels`));
  }
  return pictures;
}

/** Undefined for labels that cannot be read, which the report says elsewhere. */
async function readableLabels(dataset: Dataset, entry: SampleEntry) {
  if (entry.annotationPath === undefined) return undefined;
  try {
    return await dataset.readLabels(entry);
  } catch (thrown) {
    if (thrown instanceof PhalanxError) return undefined;
    throw thrown;
  }
}
