import { analyzeDataset } from '../src/analysis/analyzeDataset.ts';
import { barChart } from '../src/analysis/charts/barChart.ts';
import { histogram } from '../src/analysis/charts/histogram.ts';
import { dotPlot } from '../src/analysis/charts/dotPlot.ts';
import { contactSheet } from '../src/analysis/contactSheet.ts';
import { sampleSheet } from '../src/analysis/sampleSheet.ts';
import { readHandBone } from '../src/data/handBone/reader.ts';
import { outlierKinds } from '../src/data/phantom/options.ts';
import { writePhantom } from '../src/data/phantom/writePhantom.ts';
import { defineNotebook } from '../tools/notebooks/notebook.ts';

export default defineNotebook({
  title: 'A look at the phantom',
  parameters: { people: 48, test: 24, size: 1024, seed: 1 },

  async prepare(parameters, folder) {
    const { images } = await writePhantom(folder, parameters);
    const dataset = await readHandBone(folder);
    const analysis = await analyzeDataset(dataset, { splits: ['train', 'test'] });
    const entryOf = (image: string) =>
      [...dataset.entries.train, ...dataset.entries.test].find(({ id }) => image.endsWith(`/${id}`))!;
    return { dataset, analysis, images, entryOf, size: parameters.size };
  },

  cells: [
    `
The competition's X-rays are private, so Phalanx draws its own: hands with the 29 annotated bones, two per person, in
exactly the competition's files. Everything below is computed from a dataset as any user of Phalanx would read it;
\`phalanx data analyze DIR\` gives the same for your own.

## Pictures

A palm lies on the detector, so a left hand has its thumb on the right. Names rarely say which hand it is.
`,
    async ({ dataset }) => ({
      kind: 'picture',
      image: await sampleSheet(dataset, dataset.entries.train.slice(0, 8), { labels: false }),
      caption: 'The first eight training images',
    }),
    `
Each bone is one polygon. Striped regions belong to two bones at once, which is why a label map has a bit per class
and not a number per pixel.
`,
    async ({ dataset }) => ({
      kind: 'picture',
      image: await sampleSheet(dataset, dataset.entries.train.slice(0, 8)),
      caption: 'The same with their labels',
    }),
    `
## Sizes

The smallest bones decide the score, as in the competition: a mean over classes gives a fingertip the weight of the
radius. Note the logarithmic axis.
`,
    ({ analysis }) => ({
      kind: 'chart',
      chart: dotPlot({
        title: 'Mean area of each bone and one standard deviation',
        valueLabel: 'pixels',
        series: ['area'],
        rows: [...analysis.classes]
          .sort((a, b) => a.area.mean - b.area.mean)
          .map(({ name, area: { mean, deviation } }) => ({
            label: name,
            dots: [{ value: mean, range: [mean - deviation, mean + deviation] }],
          })),
        logarithmic: true,
        width: 720,
      }),
    }),
    `
Men's bones are larger, so a split into folds keeps the sexes balanced.
`,
    ({ analysis }) => ({
      kind: 'table',
      table: {
        columns: ['Bone', 'Women', 'Men', 'Ratio'],
        rows: ['finger-16', 'Pisiform', 'Trapezoid', 'Capitate', 'finger-11', 'Radius'].map((bone) => {
          const { female, male } = analysis.classes.find(({ name }) => name === bone)!.areaBySex;
          const [women, men] = [female?.mean ?? 0, male?.mean ?? 0];
          return { cells: [bone, women.toFixed(0), men.toFixed(0), (men / women).toFixed(2)] };
        }),
      },
    }),
    `
## Overlaps

Shared pixels as a share of the smaller bone. The pisiform lies on the triquetrum; the others touch at their joints.
`,
    ({ analysis }) => ({
      kind: 'chart',
      chart: barChart({
        title: `The strongest of ${analysis.overlaps.length} overlapping pairs`,
        bars: analysis.overlaps.slice(0, 12).map(({ classes, shareOfSmaller }) => ({
          label: classes.join(' · '),
          value: 100 * shareOfSmaller,
        })),
        format: (value) => `${value.toFixed(1)} %`,
        width: 720,
      }),
    }),
    `
## People
`,
    ({ analysis }) => ({
      kind: 'chart',
      chart: histogram({
        title: 'Height',
        valueLabel: 'cm',
        groups: ['female', 'male'].map((sex) => ({
          name: sex === 'female' ? 'women' : 'men',
          values: analysis.people.flatMap((person) => (person.sex === sex ? [person.height ?? NaN] : [])),
        })),
        width: 560,
      }),
    }),
    `
## Outliers

As in the competition, some people wear rings, bend their fingers or wrists, or were exposed wrongly; in the test set
most wrists are bent. The metadata's remarks say so, and \`phantom.json\` names the kinds.
`,
    async ({ dataset, images, entryOf }) => {
      const shown = outlierKinds.flatMap((kind) =>
        images
          .filter(({ outliers }) => outliers.includes(kind))
          .sort((a, b) => a.outliers.length - b.outliers.length)
          .slice(0, 1),
      );
      const tiles = await Promise.all(shown.map(({ image }) => dataset.readImage(entryOf(image))));
      const captions = shown.map(({ outliers }) => outliers.join(', '));
      return {
        kind: 'picture',
        image: await contactSheet(tiles, { captions, columns: 4, tile: 300 }),
        caption: 'One image of each kind that was drawn',
      };
    },
    ({ images }) => ({
      kind: 'table',
      table: {
        columns: ['Kind', 'Train', 'Test'],
        rows: outlierKinds.map((kind) => ({
          cells: [
            kind,
            ...['train', 'test'].map((split) => {
              const all = images.filter((image) => image.split === split);
              const some = all.filter(({ outliers }) => outliers.includes(kind));
              return `${Math.round((100 * some.length) / all.length)} %`;
            }),
          ],
        })),
      },
    }),
    `
What the analysis finds by itself, from brightness, tilt and areas alone:
`,
    ({ analysis }) => ({
      kind: 'table',
      table: {
        columns: ['Image', 'Score', 'Unusual', 'Remark'],
        textColumns: [2, 3],
        rows: analysis.outliers
          .filter(({ score }) => score > 0)
          .slice(0, 10)
          .map(({ id, score, reasons, remarks }) => ({
            cells: [
              id,
              score.toFixed(1),
              reasons
                .slice(0, 2)
                .map(({ text }) => text)
                .join('; '),
              remarks ?? '–',
            ],
          })),
      },
    }),
  ],
});
