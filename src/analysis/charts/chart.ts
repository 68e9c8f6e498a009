import { Markup, markup } from './markup.ts';

/** A drawing that stands by itself: an SVG element whose colours follow the reader's light or dark mode. */
export interface Chart {
  readonly svg: Markup;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** How many series have a colour of their own; further ones start again. */
export const seriesColours = 6;

// Mid-lightness hues that hold 3:1 on white and on near-black, in an order that colour-blind readers tell apart.
const style = new Markup(`<style>
.chart { --ink: #1f2328; --soft: #656d76; --grid: #d8dee4; --s0: #2f7ed8; --s1: #d9711a; --s2: #1f9d73; --s3: #a75bd0; --s4: #b08a14; --s5: #d1495b; font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .chart { --ink: #e6edf3; --soft: #8d96a0; --grid: #30363d; } }
.chart text { fill: var(--soft); } .chart .ink { fill: var(--ink); } .chart .title { fill: var(--ink); font-weight: 600; font-size: 13px; }
.chart .grid { stroke: var(--grid); stroke-width: 1; } .chart .axis { stroke: var(--soft); stroke-width: 1; }
${Array.from({ length: seriesColours }, (_, i) => `.chart .line${i} { stroke: var(--s${i}); fill: none; } .chart .fill${i} { fill: var(--s${i}); }`).join('\n')}
</style>`);

export function makeChart(width: number, height: number, title: string, content: readonly Markup[]): Chart {
  const svg = markup`<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">${style}<text class="title" x="0" y="14">${title}</text>${content}</svg>`;
  return { svg, width, height };
}

/** Names of series with their colours in a row; empty for a single series, which the title names. */
export function legend(names: readonly string[], x: number, y: number): Markup {
  if (names.length < 2) return markup``;
  let offset = x;
  return markup`${names.map((name, index) => {
    const at = offset;
    offset += 34 + name.length * 6.8;
    return markup`<circle class="fill${index % seriesColours}" cx="${at + 5}" cy="${y - 4}" r="4.5"/><text class="ink" x="${at + 14}" y="${y}">${name}</text>`;
  })}`;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
