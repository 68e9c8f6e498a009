import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { barChart } from '../../src/analysis/charts/barChart.ts';
import type { Chart } from '../../src/analysis/charts/chart.ts';
import { dotPlot } from '../../src/analysis/charts/dotPlot.ts';
import { histogram } from '../../src/analysis/charts/histogram.ts';
import { lineChart } from '../../src/analysis/charts/lineChart.ts';
import { markup } from '../../src/analysis/charts/markup.ts';
import { domainOf, formatTick, makeScale } from '../../src/analysis/charts/scale.ts';

const charts: Record<string, () => Chart> = {
  'a line chart': () =>
    lineChart({
      title: 'Loss <of> "A & B"',
      xLabel: 'step',
      series: [
        {
          name: 'a',
          points: [
            [1, 1],
            [2, NaN],
            [3, 0.1],
          ],
        },
        { name: 'b', points: [[1, 0.5]] },
      ],
      logarithmic: true,
      smoothing: 0.9,
      markers: true,
    }),
  'a line chart of nothing': () =>
    lineChart({ title: 'x', xLabel: 'y', series: [{ name: 'a', points: [] }] }),
  'a dot plot': () =>
    dotPlot({
      title: 'Dice',
      valueLabel: 'Dice',
      series: ['a', 'b'],
      rows: [
        { label: 'one', dots: [{ value: 0.5, range: [0.4, 0.6] }, undefined] },
        { label: 'two', dots: [{ value: 0 }, { value: 1 }] },
      ],
    }),
  'a bar chart': () =>
    barChart({
      title: 'Seconds',
      bars: [
        { label: 'a', value: 3 },
        { label: 'b', value: 0 },
      ],
    }),
  'a histogram': () =>
    histogram({
      title: 'Age',
      valueLabel: 'years',
      groups: [
        { name: 'women', values: [20, 30, 30, 69] },
        { name: 'men', values: [] },
      ],
    }),
};

describe('charts', () => {
  test.each(Object.entries(charts))('%s is well-formed SVG without holes', async (_, make) => {
    const { svg, width, height } = make();
    expect(svg.text).not.toMatch(/NaN|undefined|Infinity/);
    const drawn = await sharp(Buffer.from(svg.text)).metadata();
    expect([drawn.format, drawn.width, drawn.height]).toEqual(['svg', width, height]);
  });

  test('a histogram counts every finite value once', () => {
    const { svg } = histogram({
      title: 't',
      valueLabel: 'v',
      groups: [{ name: 'a', values: [0, 1, 1, 9, 10, NaN] }],
      bins: 5,
    });
    const bars = [...svg.text.matchAll(/height="([\d.]+)"\/>/g)].map((match) => Number(match[1]));
    const unit = Math.min(...bars);
    expect(bars.reduce((sum, bar) => sum + Math.round(bar / unit), 0)).toBe(5);
  });

  test('what a template interpolates is escaped once', () => {
    const name = '<script>"&\'';
    const inner = markup`<b>${name}</b>`;
    expect(inner.text).toBe('<b>&#60;script&#62;&#34;&#38;&#39;</b>');
    expect(markup`<p>${[inner, false, undefined, 3]}</p>`.text).toBe(`<p>${inner.text}3</p>`);
  });
});

describe('scales', () => {
  test('ticks are round numbers inside the domain', () => {
    const { ticks, position } = makeScale({ domain: [0.13, 0.97], range: [0, 100], ticks: 4 });
    expect(ticks.map(formatTick)).toEqual(['0.2', '0.4', '0.6', '0.8']);
    expect(position(0.13)).toBeCloseTo(0);
    expect(position(0.97)).toBeCloseTo(100);
    expect(makeScale({ domain: [2, 2000], range: [0, 1], logarithmic: true }).ticks).toEqual([
      3, 10, 30, 100, 300, 1000,
    ]);
  });

  test('a domain exists for any values', () => {
    expect(domainOf([])).toEqual([0, 1]);
    expect(domainOf([NaN, 4, Infinity])).toEqual([2, 6]);
    expect(domainOf([0])).toEqual([0, 1]);
    expect(domainOf([-1, 3])).toEqual([-1, 3]);
  });

  test('numbers are short', () => {
    expect([0, 0.25, 12, 12_000, 3_400_000, 0.0001].map(formatTick)).toEqual([
      '0',
      '0.25',
      '12',
      '12 k',
      '3.4 M',
      '1e-4',
    ]);
  });
});
