import { classColours } from '../../../labels/colours.ts';
import { dotPlot } from '../../charts/dotPlot.ts';
import type { Dot } from '../../charts/dotPlot.ts';
import { heatMap } from '../../charts/heatMap.ts';
import { placePlot } from '../../charts/placePlot.ts';
import type { Place } from '../../charts/placePlot.ts';
import type { Chart } from '../../charts/chart.ts';
import type { ClassPosition, ClassStatistics, DatasetAnalysis } from '../../dataset/schema.ts';
import type { MeanAndDeviation } from '../../dataset/statistics.ts';
import { cards, folded, table } from '../page.ts';
import type { Section } from '../page.ts';

/** Sections on classes; none without labels. */
export function classSections({ annotated, classes, ...analysis }: DatasetAnalysis): Section[] {
  if (annotated === 0) return [];
  const ageing = areaByAge(classes);
  return [
    areas(classes),
    ...(ageing === undefined ? [] : [ageing]),
    overlapSection(classes, analysis),
    places(classes),
  ];
}

function areas(classes: readonly ClassStatistics[]): Section {
  const dot = (area: MeanAndDeviation | undefined): Dot | undefined =>
    area && {
      value: area.mean,
      range: [Math.max(1, area.mean - area.deviation), area.mean + area.deviation],
    };
  const sorted = [...classes].filter(({ area }) => area.count > 0).sort((a, b) => a.area.mean - b.area.mean);
  const sexed = sorted.some(({ areaBySex: { female, male } }) => female !== undefined || male !== undefined);
  const missing = classes.filter(({ area }) => area.count === 0);
  return {
    heading: 'Size of each class',
    text: [
      'Mean area in pixels of the full image over the images that have the class, with one standard deviation to each side; the smallest first.',
      ...(missing.length > 0 ? [`No image has ${missing.map(({ name }) => name).join(', ')}.`] : []),
    ].join(' '),
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

function areaByAge(classes: readonly ClassStatistics[]): Section | undefined {
  const decades = new Map(
    classes.flatMap(({ areaByAge: groups }) => groups.map(({ from, to }) => [from, to] as const)),
  );
  if (decades.size < 2) return undefined;
  const columns = [...decades].sort(([a], [b]) => a - b);
  const shown = classes.filter((one) => one.areaByAge.length > 0);
  const chart = heatMap({
    title: 'Area by age, against the mean of all ages',
    description:
      'One row for each class, one column for each decade of age; colour and number say how many percent the mean area lies above or below that of all images.',
    rows: shown.map(({ name }) => name),
    columns: columns.map(([from, to]) => `${from}–${to - 1}`),
    values: shown.map(({ area, areaByAge: groups }) =>
      columns.map(([from]) => {
        const group = groups.find((one) => one.from === from);
        return group && group.area.mean / area.mean - 1;
      }),
    ),
    most: 0.3,
    write: signedPercent,
    say: (value, name, decade) => `${name} at ${decade} years: ${signedPercent(value)} %`,
    cell: { width: 52, height: 22 },
  });
  return {
    heading: 'Size over age',
    text: 'Groups of few people scatter. The numbers below say how many images there are, and how area and age go together: their correlation r, and the change in ten years.',
    content: [cards([chart]), folded('Trend and number of images of each class', trends(shown, columns))],
  };
}

function trends(classes: readonly ClassStatistics[], columns: readonly (readonly [number, number])[]) {
  return table({
    columns: ['Class', 'r', 'In ten years', ...columns.map(([from, to]) => `Images ${from}–${to - 1}`)],
    rows: classes.map(({ name, ageTrend, areaByAge: groups }) => ({
      cells: [
        name,
        ageTrend === undefined ? '–' : signed(ageTrend.correlation, 2),
        ageTrend === undefined ? '–' : `${signed(100 * ageTrend.perDecade, 1)} %`,
        ...columns.map(([from]) => groups.find((one) => one.from === from)?.area.count ?? 0),
      ],
    })),
  });
}

function overlapSection(
  classes: readonly ClassStatistics[],
  { overlapMatrix, overlaps }: Pick<DatasetAnalysis, 'overlapMatrix' | 'overlaps'>,
): Section {
  const heading = 'Classes that share pixels';
  if (overlaps.length === 0) return { heading, text: 'No two classes share a pixel.', content: [] };
  const names = classes.map(({ name }) => name);
  const matrix = heatMap({
    title: 'Share of the row’s class that the column’s class covers',
    description: `${names.length} classes against each other; ${overlaps.length} pairs share pixels.`,
    rows: names,
    columns: names,
    values: overlapMatrix.map((row, a) =>
      row.map((value, b) => (a === b || value === 0 ? undefined : value)),
    ),
    most: 1,
    write: (value) => (value < 0.005 ? '' : (100 * value).toFixed(0)),
    say: (value, row, column) => `${(100 * value).toFixed(2)} % of ${row} are also ${column}`,
  });
  return {
    heading,
    text: 'In percent, over all images together; cells without a number are below half a percent.',
    content: [
      cards([matrix]),
      table({
        columns: ['Pair', 'Share of the smaller', 'Pixels per image', 'Images'],
        rows: overlaps.slice(0, 12).map(({ classes: pair, shareOfSmaller, meanPixels, images }) => ({
          cells: [pair.join(' · '), `${(100 * shareOfSmaller).toFixed(1)} %`, meanPixels.toFixed(1), images],
        })),
      }),
    ],
  };
}

function places(classes: readonly ClassStatistics[]): Section {
  const colours = classColours(classes.length);
  const placesOf = (of: (one: ClassStatistics) => ClassPosition | undefined): Place[] =>
    classes.flatMap((one, index) => {
      const position = of(one);
      if (position === undefined) return [];
      return [{ name: one.name, ...position, colour: `rgb(${colours[index]!.join(' ')})` }];
    });
  const inImage = placesOf((one) => one.inImage);
  const arranged = placesOf((one) => one.inArrangement);
  const charts: Chart[] = [
    placePlot({
      title: 'In the image',
      description:
        'Mean centre of mass of each class in shares of width and height, with ellipses of one standard deviation.',
      places: inImage,
      frame: [0, 0, 1, 1],
    }),
    ...(arranged.length === 0
      ? []
      : [
          placePlot({
            title: 'With respect to each other',
            description:
              'The same after turning, scaling, shifting and mirroring each image onto the usual arrangement.',
            places: arranged,
            frame: around(arranged),
          }),
        ]),
  ];
  return {
    heading: 'Where the classes lie',
    text: `Mean place of each class’s centre, within an ellipse of one standard deviation over the images.${arranged.length === 0 ? '' : ' In the second picture every image is turned, scaled, shifted and, if need be, mirrored onto the usual arrangement first, so that the spread is that of the classes and not of the pose.'}`,
    content: [cards(charts)],
  };
}

/** A square around everything. */
function around(all: readonly Place[]): [number, number, number, number] {
  const reach = (axis: 'x' | 'y', deviation: 'deviationX' | 'deviationY'): [number, number] => [
    Math.min(...all.map((place) => place[axis] - place[deviation])),
    Math.max(...all.map((place) => place[axis] + place[deviation])),
  ];
  const [left, right] = reach('x', 'deviationX');
  const [top, bottom] = reach('y', 'deviationY');
  const half = 0.54 * Math.max(right - left, bottom - top, 1e-6);
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return [x - half, y - half, x + half, y + half];
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
}

function signedPercent(value: number): string {
  return signed(100 * value, 0);
}
