import { legend, makeChart, round, seriesColours } from './chart.ts';
import type { Chart } from './chart.ts';
import { markup } from './markup.ts';
import { domainOf, formatTick, makeScale } from './scale.ts';

export interface BarChartOptions {
  readonly title: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
  readonly format?: (value: number) => string;
  /** Pixels. */
  readonly width?: number;
}

/** Horizontal bars from zero, each with its value written beside it. */
export function barChart({ title, bars, format = formatTick, width = 560 }: BarChartOptions): Chart {
  const rowHeight = 24;
  const left = 12 + 6.6 * Math.max(...bars.map(({ label }) => label.length), 4);
  const right = width - 20 - 7 * Math.max(...bars.map(({ value }) => format(value).length), 3);
  const top = 28;
  const most = domainOf([0, ...bars.map(({ value }) => value)])[1];
  const x = makeScale({ domain: [0, most], range: [left, right] });
  return makeChart(width, top + bars.length * rowHeight + 6, title, [
    ...bars.map(({ label, value }, index) => {
      const y = top + index * rowHeight;
      const length = Math.max(1, round(x.position(value) - left));
      return markup`<text class="ink" x="${left - 10}" y="${y + 15}" text-anchor="end">${label}</text><rect class="fill0" x="${left}" y="${y + 3}" width="${length}" height="${rowHeight - 8}" rx="3"/><text x="${left + length + 8}" y="${y + 15}">${format(value)}</text>`;
    }),
  ]);
}

export interface HistogramOptions {
  readonly title: string;
  readonly valueLabel: string;
  /** Values of each group; groups are stacked. */
  readonly groups: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** Wished number of bins. */
  readonly bins?: number;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

/** Counts of values in equal bins with round borders. */
export function histogram(options: HistogramOptions): Chart {
  const { title, valueLabel, groups, bins = 10, width = 360, height = 230 } = options;
  const [left, right, top, bottom] = [34, width - 18, groups.length > 1 ? 50 : 30, height - 38];
  const domain = domainOf(groups.flatMap(({ values }) => values));
  const { ticks: borders } = makeScale({ domain, range: [0, 1], ticks: bins });
  const step = borders.length > 1 ? borders[1]! - borders[0]! : domain[1] - domain[0];
  const first = Math.floor(domain[0] / step) * step;
  const count = Math.max(1, Math.floor((domain[1] - first) / step + 1e-9) + 1);
  const counts = groups.map(({ values }) => {
    const filled = new Array<number>(count).fill(0);
    for (const value of values)
      if (Number.isFinite(value))
        filled[Math.min(count - 1, Math.floor((value - first) / step + 1e-9))]! += 1;
    return filled;
  });
  const highest = Math.max(
    1,
    ...Array.from({ length: count }, (_, bin) => counts.reduce((sum, group) => sum + group[bin]!, 0)),
  );
  const x = makeScale({ domain: [first, first + count * step], range: [left, right], ticks: 6 });
  const y = makeScale({ domain: [0, highest], range: [bottom, top], ticks: 4 });
  return makeChart(width, height, title, [
    legend(
      groups.map(({ name }) => name),
      0,
      34,
    ),
    ...y.ticks
      .filter(Number.isInteger)
      .map(
        (tick) =>
          markup`<line class="grid" x1="${left}" x2="${right}" y1="${round(y.position(tick))}" y2="${round(y.position(tick))}"/><text x="${left - 6}" y="${round(y.position(tick)) + 4}" text-anchor="end">${tick}</text>`,
      ),
    ...Array.from({ length: count }, (_, bin) => {
      let base = 0;
      return markup`${counts.map((group, index) => {
        const from = base;
        base += group[bin]!;
        if (group[bin] === 0) return undefined;
        const [x0, x1] = [x.position(first + bin * step) + 1, x.position(first + (bin + 1) * step) - 1];
        return markup`<rect class="fill${index % seriesColours}" x="${round(x0)}" width="${round(x1 - x0)}" y="${round(y.position(base))}" height="${round(y.position(from) - y.position(base))}"/>`;
      })}`;
    }),
    ...x.ticks.map(
      (tick) =>
        markup`<text x="${round(x.position(tick))}" y="${bottom + 16}" text-anchor="middle">${formatTick(tick)}</text>`,
    ),
    markup`<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/><text x="${(left + right) / 2}" y="${height - 4}" text-anchor="middle">${valueLabel}</text>`,
  ]);
}
