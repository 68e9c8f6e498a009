import { makeChart, round } from '../charts/chart.ts';
import type { Chart } from '../charts/chart.ts';
import { Markup, markup } from '../charts/markup.ts';
import { formatTick, makeScale } from '../charts/scale.ts';
import { errorColours, errorKinds, farthest } from '../errorMap.ts';
import type { ErrorKind } from '../errorMap.ts';
import type { EvaluationFigures } from './figures.ts';

/** What a reader is told each colour means. */
export const kindNames = {
  confused: 'taken for another class',
  missed: 'missed',
  extra: 'found where nothing is',
} as const satisfies Record<ErrorKind, string>;

/** The colours of error maps, each with an outline that holds on white as well. */
const fills = Object.fromEntries(
  errorKinds.map((kind) => [
    kind,
    new Markup(`fill="rgb(${errorColours[kind].join(' ')})" stroke="#656d76" stroke-width="0.6"`),
  ]),
) as Record<ErrorKind, Markup>;

/** The legend of the three colours, for a paragraph. */
export function errorKey(): Markup {
  return markup`<p>${errorKinds.map(
    (kind) =>
      markup`<span class="key" style="background: rgb(${errorColours[kind].join(' ')}); outline: 1px solid #656d76"></span>${kindNames[kind]}`,
  )}</p>`;
}

/** Bars of each class's wrong pixels as shares of its pixels in the truth, the worst first. */
export function errorBars({ classes }: EvaluationFigures): Chart {
  const rows = Object.entries(classes)
    .map(([label, one]) => {
      const share = (pixels: number): number => pixels / Math.max(1, one.truth);
      const parts = errorKinds.map((kind) => ({ kind, share: share(one[kind]) }));
      return { label, parts, total: parts.reduce((sum, part) => sum + part.share, 0) };
    })
    .sort((a, b) => b.total - a.total);
  const [rowHeight, width] = [20, 1120];
  const left = 12 + 6.8 * Math.max(4, ...rows.map(({ label }) => Math.min(label.length, 30)));
  const most = Math.max(1e-9, ...rows.map(({ total }) => total));
  const x = makeScale({ domain: [0, most], range: [left, width - 60] });
  return makeChart({
    width,
    height: 28 + rows.length * rowHeight,
    title: 'Wrong pixels of each class, in % of its pixels',
    description: 'A bar for each class: confused with another, missed and too much, most wrong first.',
    table: {
      columns: ['class', ...errorKinds.map((kind) => `${kind}, %`)],
      rows: rows.map(({ label, parts }) => [label, ...parts.map((part) => (100 * part.share).toFixed(2))]),
    },
    content: rows.map(({ label, parts, total }, index) => {
      const y = 24 + index * rowHeight;
      let from = 0;
      return markup`<text class="ink" x="${left - 8}" y="${y + 14}" text-anchor="end">${label.slice(0, 30)}</text>${parts.map(
        ({ kind, share }) => {
          const [x0, x1] = [x.position(from), x.position(from + share)];
          from += share;
          return markup`<rect ${fills[kind]} x="${round(x0)}" y="${y + 3}" width="${round(x1 - x0)}" height="${rowHeight - 6}"/>`;
        },
      )}<text x="${round(x.position(total)) + 6}" y="${y + 14}">${(100 * total).toFixed(1)}</text>`;
    }),
  });
}

/** Wrong pixels by their distance to the nearest border, one stacked bar per pixel. */
export function distanceChart({ borderDistances }: EvaluationFigures): Chart {
  const totals = Array.from({ length: farthest + 2 }, (_, d) =>
    errorKinds.reduce((sum, kind) => sum + borderDistances[kind][d]!, 0),
  );
  const all = Math.max(
    1,
    totals.reduce((sum, value) => sum + value, 0),
  );
  const last =
    Math.max(
      8,
      totals.slice(0, farthest + 1).findLastIndex((total) => total / all >= 0.0005),
    ) + 1;
  const shares = errorKinds.map((kind) => {
    const counts = borderDistances[kind];
    const beyond = counts.slice(last).reduce((sum, value) => sum + value, 0);
    return [...counts.slice(0, last), beyond].map((count) => (100 * count) / all);
  });
  const heights = shares[0]!.map((_, d) => shares.reduce((sum, kind) => sum + kind[d]!, 0));
  const [width, height, left, top, bottom] = [1120, 250, 40, 30, 212];
  const x = makeScale({ domain: [0, last + 1], range: [left, width - 10] });
  const y = makeScale({ domain: [0, Math.max(1e-9, ...heights)], range: [bottom, top], ticks: 4 });
  const step = Math.ceil((last + 1) / 24);
  return makeChart({
    width,
    height,
    title: 'Wrong pixels by distance to the nearest border, in % of all wrong pixels',
    description: 'A bar for each distance: confused with another class, missed and too much.',
    table: {
      columns: ['pixels', ...errorKinds.map((kind) => `${kind}, %`)],
      rows: heights.map((_, d) => [
        d === last ? `>${last - 1}` : String(d),
        ...shares.map((kind) => kind[d]!.toFixed(2)),
      ]),
    },
    content: [
      ...y.ticks.map(
        (tick) =>
          markup`<line class="grid" x1="${left}" x2="${width - 10}" y1="${round(y.position(tick))}" y2="${round(y.position(tick))}"/><text x="${left - 6}" y="${round(y.position(tick)) + 4}" text-anchor="end">${formatTick(tick)}</text>`,
      ),
      ...heights.map((_, d) => {
        let from = 0;
        const [x0, x1] = [x.position(d) + 1, x.position(d + 1) - 1];
        const bars = errorKinds.map((kind, k) => {
          const [y0, y1] = [y.position(from), y.position(from + shares[k]![d]!)];
          from += shares[k]![d]!;
          return markup`<rect ${fills[kind]} x="${round(x0)}" width="${round(x1 - x0)}" y="${round(y1)}" height="${round(y0 - y1)}"/>`;
        });
        const label = d === last ? `>${last - 1}` : d % step === 0 ? String(d) : '';
        return markup`${bars}<text x="${round((x0 + x1) / 2)}" y="${bottom + 16}" text-anchor="middle">${label}</text>`;
      }),
      markup`<line class="axis" x1="${left}" x2="${width - 10}" y1="${bottom}" y2="${bottom}"/><text x="${width / 2}" y="${height - 4}" text-anchor="middle">pixels from the border, 0 beside it</text>`,
    ],
  });
}
