import { makeChart, nameWidth, round, shortName } from './chart.ts';
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
  const left = nameWidth(bars.map(({ label }) => label));
  const right = width - 20 - 7 * Math.max(...bars.map(({ value }) => format(value).length), 3);
  const top = 28;
  const most = domainOf([0, ...bars.map(({ value }) => value)])[1];
  const x = makeScale({ domain: [0, most], range: [left, right] });
  return makeChart({
    width,
    height: top + bars.length * rowHeight + 6,
    title,
    description: `${bars.length} bars from zero.`,
    table: { columns: ['', title], rows: bars.map(({ label, value }) => [label, format(value)]) },
    content: bars.map(({ label, value }, index) => {
      const y = top + index * rowHeight;
      const length = Math.max(1, round(x.position(value) - left));
      return markup`<text class="ink" x="${left - 10}" y="${y + 15}" text-anchor="end">${shortName(label)}</text><rect class="fill0" x="${left}" y="${y + 3}" width="${length}" height="${rowHeight - 8}" rx="3"/><text x="${left + length + 8}" y="${y + 15}">${format(value)}</text>`;
    }),
  });
}
