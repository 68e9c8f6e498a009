import { legend, makeChart, nameWidth, round, seriesColours, shortName } from './chart.ts';
import type { Chart } from './chart.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { domainOf, formatTick, makeScale } from './scale.ts';

export interface Dot {
  readonly value: number;
  /** Ends of a line through the dot, for example a standard deviation on each side. */
  readonly range?: readonly [low: number, high: number];
}

export interface DotPlotOptions {
  readonly title: string;
  readonly valueLabel: string;
  readonly series: readonly string[];
  /** One row per thing that is compared; `dots` in the order of `series`, undefined where there is no value. */
  readonly rows: readonly { readonly label: string; readonly dots: readonly (Dot | undefined)[] }[];
  readonly logarithmic?: boolean;
  /** Where the axis ends instead of at the values. */
  readonly domain?: readonly [low: number, high: number];
  readonly format?: (value: number) => string;
  /** Pixels. */
  readonly width?: number;
}

const rowHeight = 20;

/** Rows of dots on a common axis: many classes for a few models stay readable where bars would not. */
export function dotPlot(options: DotPlotOptions): Chart {
  const { title, valueLabel, series, rows, logarithmic = false, width = 560, format = formatTick } = options;
  const labelWidth = nameWidth(rows.map(({ label }) => label));
  const [left, right, top] = [labelWidth, width - 16, series.length > 1 ? 48 : 28];
  const bottom = top + rows.length * rowHeight;
  const values = rows.flatMap(({ dots }) =>
    dots.flatMap((dot) => (dot === undefined ? [] : [dot.value, ...(dot.range ?? [])])),
  );
  const [low, high] =
    options.domain ?? padded(domainOf(logarithmic ? values.filter((v) => v > 0) : values), logarithmic);
  const x = makeScale({ domain: [low, high], range: [left, right], logarithmic, ticks: 6 });
  const drawn = rows.map(({ label, dots }, index): Markup => {
    const y = top + (index + 0.5) * rowHeight;
    const present = dots.flatMap((dot) => (dot === undefined ? [] : [x.position(Math.max(low, dot.value))]));
    const span =
      present.length > 1 &&
      markup`<line class="grid" stroke-width="3" x1="${round(Math.min(...present))}" x2="${round(Math.max(...present))}" y1="${y}" y2="${y}"/>`;
    return markup`<text class="ink" x="${left - 10}" y="${y + 4}" text-anchor="end">${shortName(label)}</text><line class="grid" opacity="0.5" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/>${span}${dots.map(
      (dot, at) => {
        if (dot === undefined) return undefined;
        const colour = at % seriesColours;
        const range =
          dot.range !== undefined &&
          markup`<line class="line${colour}" stroke-width="2" opacity="0.45" x1="${round(x.position(Math.max(low, dot.range[0])))}" x2="${round(x.position(dot.range[1]))}" y1="${y}" y2="${y}"/>`;
        return markup`${range}<circle class="fill${colour}" cx="${round(x.position(Math.max(low, dot.value)))}" cy="${y}" r="4.5"><title>${label}, ${series[at] ?? ''}: ${format(dot.value)}</title></circle>`;
      },
    )}`;
  });
  return makeChart({
    width,
    height: bottom + 40,
    title,
    description: `Dots on an axis of ${valueLabel} in ${rows.length} rows: ${series.join(', ')}.`,
    table: {
      columns: ['', ...series],
      rows: rows.map(({ label, dots }) => [
        label,
        ...dots.map((dot) => (dot === undefined ? '–' : format(dot.value))),
      ]),
    },
    content: [
      legend(series, 0, 34),
      ...x.ticks.map(
        (tick) =>
          markup`<line class="grid" x1="${round(x.position(tick))}" x2="${round(x.position(tick))}" y1="${top}" y2="${bottom}"/><text x="${round(x.position(tick))}" y="${bottom + 16}" text-anchor="middle">${formatTick(tick)}</text>`,
      ),
      ...drawn,
      markup`<text x="${(left + right) / 2}" y="${bottom + 34}" text-anchor="middle">${valueLabel}</text>`,
    ],
  });
}

function padded([low, high]: readonly [number, number], logarithmic: boolean): [number, number] {
  if (logarithmic) return [low / 1.15, high * 1.15];
  const margin = (high - low) * 0.05;
  return [low - margin, high + margin];
}
