import { legend, makeChart, round, seriesColours } from './chart.ts';
import type { Chart } from './chart.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { domainOf, formatTick, makeScale } from './scale.ts';
import type { Scale } from './scale.ts';

export interface LineSeries {
  readonly name: string;
  /** In the order in which they are joined; points that are not finite interrupt the line. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly LineSeries[];
  readonly logarithmic?: boolean;
  /** Share of the previous mean in an exponential mean that is drawn over the faint raw line; 0 for the raw line only. */
  readonly smoothing?: number;
  /** Marks each point; for series of few points. */
  readonly markers?: boolean;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

export function lineChart(options: LineChartOptions): Chart {
  const { title, xLabel, series, logarithmic = false, width = 560, height = 300 } = options;
  const [left, right, top, bottom] = [46, width - 14, series.length > 1 ? 50 : 30, height - 38];
  const points = series.flatMap((line) => line.points);
  const usable = logarithmic ? points.filter(([, value]) => value > 0) : points;
  const x = makeScale({ domain: domainOf(points.map(([value]) => value)), range: [left, right], ticks: 6 });
  const y = makeScale({
    domain: domainOf(usable.map(([, value]) => value)),
    range: [bottom, top],
    logarithmic,
  });
  const names = series.map(({ name }) => name);
  return makeChart({
    width,
    height,
    title,
    description: `Lines over ${xLabel}: ${names.join(', ')}.`,
    content: [
      legend(names, 0, 34),
      ...y.ticks.map(
        (tick) =>
          markup`<line class="grid" x1="${left}" x2="${right}" y1="${round(y.position(tick))}" y2="${round(y.position(tick))}"/><text x="${left - 8}" y="${round(y.position(tick)) + 4}" text-anchor="end">${formatTick(tick)}</text>`,
      ),
      ...x.ticks.map(
        (tick) =>
          markup`<text x="${round(x.position(tick))}" y="${bottom + 17}" text-anchor="middle">${formatTick(tick)}</text>`,
      ),
      markup`<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/><text x="${(left + right) / 2}" y="${height - 4}" text-anchor="middle">${xLabel}</text>`,
      ...series.map((line, index) => drawSeries(line, index % seriesColours, x, y, options)),
    ],
  });
}

function drawSeries(
  { name, points }: LineSeries,
  colour: number,
  x: Scale,
  y: Scale,
  { smoothing = 0, markers = false }: LineChartOptions,
): Markup {
  const raw = path(points, x, y);
  const markersOf = markers
    ? points
        .filter(([, value]) => Number.isFinite(value))
        .map(
          ([at, value]) =>
            markup`<circle class="fill${colour}" cx="${round(x.position(at))}" cy="${round(y.position(value))}" r="3.5"><title>${name}: ${value.toFixed(4)} at ${at}</title></circle>`,
        )
    : [];
  if (smoothing === 0)
    return markup`<path class="line${colour}" stroke-width="2" stroke-linejoin="round" d="${raw}"/>${markersOf}`;
  const smooth = path(smoothed(points, smoothing), x, y);
  return markup`<path class="line${colour}" stroke-width="1" opacity="0.28" d="${raw}"/><path class="line${colour}" stroke-width="2" stroke-linejoin="round" d="${smooth}"/>${markersOf}`;
}

function path(points: LineSeries['points'], x: Scale, y: Scale): string {
  let pen = 'M';
  return points
    .map(([at, value]) => {
      if (!Number.isFinite(value)) {
        pen = 'M';
        return '';
      }
      const step = `${pen}${round(x.position(at))} ${round(y.position(value))}`;
      pen = 'L';
      return step;
    })
    .join('');
}

/** Exponential mean, corrected for its start as Adam's moments are. */
function smoothed(points: LineSeries['points'], share: number): [number, number][] {
  let [sum, weight] = [0, 0];
  return points
    .filter(([, value]) => Number.isFinite(value))
    .map(([at, value]) => {
      sum = share * sum + (1 - share) * value;
      weight = share * weight + 1 - share;
      return [at, sum / weight];
    });
}
