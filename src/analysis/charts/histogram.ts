import { binned } from '../dataset/statistics.ts';
import type { Bins } from '../dataset/statistics.ts';
import { legend, makeChart, round, seriesColours } from './chart.ts';
import type { Chart } from './chart.ts';
import { markup } from './markup.ts';
import { formatTick, makeScale } from './scale.ts';

interface Appearance {
  readonly title: string;
  readonly valueLabel: string;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

export interface HistogramOptions extends Appearance {
  /** Values of each group; groups are stacked. */
  readonly groups: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** Wished number of bins. */
  readonly bins?: number;
}

/** Counts of values in equal bins with round borders. */
export function histogram({ groups, bins = 10, ...appearance }: HistogramOptions): Chart {
  const counted = binned(
    groups.map(({ values }) => values),
    bins,
  );
  return drawBins({ ...appearance, ...counted, names: groups.map(({ name }) => name) });
}

export interface BinsOptions extends Appearance, Bins {
  /** Of the groups. */
  readonly names: readonly string[];
}

/** Bins that are counted already. */
export function drawBins(options: BinsOptions): Chart {
  const { title, valueLabel, names, edges, counts, width = 360, height = 230 } = options;
  const [left, right, top, bottom] = [34, width - 18, names.length > 1 ? 50 : 30, height - 38];
  const bins = edges.length - 1;
  const sums = Array.from({ length: bins }, (_, bin) => counts.reduce((sum, group) => sum + group[bin]!, 0));
  const x = makeScale({ domain: [edges[0]!, edges[bins]!], range: [left, right], ticks: 6 });
  const y = makeScale({ domain: [0, Math.max(1, ...sums)], range: [bottom, top], ticks: 4 });
  const total = sums.reduce((sum, count) => sum + count, 0);
  return makeChart({
    width,
    height,
    title,
    description: `Histogram of ${total} values from ${formatTick(edges[0]!)} to ${formatTick(edges[bins]!)} ${valueLabel}.`,
    table: {
      columns: [valueLabel, ...names],
      rows: sums.map((_, bin) => [
        `${formatTick(edges[bin]!)} to ${formatTick(edges[bin + 1]!)}`,
        ...counts.map((group) => group[bin]!),
      ]),
    },
    content: [
      legend(names, 0, 34),
      ...y.ticks
        .filter(Number.isInteger)
        .map(
          (tick) =>
            markup`<line class="grid" x1="${left}" x2="${right}" y1="${round(y.position(tick))}" y2="${round(y.position(tick))}"/><text x="${left - 6}" y="${round(y.position(tick)) + 4}" text-anchor="end">${tick}</text>`,
        ),
      ...sums.map((_, bin) => {
        const [x0, x1] = [x.position(edges[bin]!) + 1, x.position(edges[bin + 1]!) - 1];
        let base = 0;
        return markup`${counts.map((group, index) => {
          const from = base;
          base += group[bin]!;
          if (group[bin] === 0) return undefined;
          return markup`<rect class="fill${index % seriesColours}" x="${round(x0)}" width="${round(x1 - x0)}" y="${round(y.position(base))}" height="${round(y.position(from) - y.position(base))}"/>`;
        })}`;
      }),
      ...x.ticks.map(
        (tick) =>
          markup`<text x="${round(x.position(tick))}" y="${bottom + 16}" text-anchor="middle">${formatTick(tick)}</text>`,
      ),
      markup`<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/><text x="${(left + right) / 2}" y="${height - 4}" text-anchor="middle">${valueLabel}</text>`,
    ],
  });
}
