import { Markup, markup } from './markup.ts';

/** A drawing that stands by itself: an SVG element whose colours follow the reader's light or dark mode. */
export interface Chart {
  readonly svg: Markup;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** The numbers that are drawn, for readers who do not see the drawing. */
  readonly table?: ChartTable;
}

export interface ChartTable {
  readonly columns: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface ChartParts {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** One sentence on what is drawn, for readers who do not see it. */
  readonly description: string;
  readonly content: readonly Markup[];
  readonly table?: ChartTable;
}

// Mid-lightness hues that hold 3:1 on white and on near-black, in an order that colour-blind readers tell apart.
// Written out and not as CSS variables, which drawing libraries do not know.
const hues = ['#2f7ed8', '#d9711a', '#1f9d73', '#a75bd0', '#b08a14', '#d1495b'];

/** How many series have a colour of their own; further ones start again. */
export const seriesColours = hues.length;

const style = new Markup(`<style>
.chart { font: 12px system-ui, sans-serif; } .chart text { fill: #656d76; } .chart .ink, .chart .title { fill: #1f2328; }
.chart .empty { fill: #8b949e; opacity: 0.12; }
.chart .title { font-weight: 600; font-size: 13px; } .chart .grid { stroke: #d8dee4; stroke-width: 1; } .chart .axis { stroke: #656d76; stroke-width: 1; }
@media (prefers-color-scheme: dark) { .chart text { fill: #9198a1; } .chart .ink, .chart .title { fill: #e6edf3; } .chart .grid { stroke: #30363d; } .chart .axis { stroke: #9198a1; } }
${hues.map((hue, i) => `.chart .line${i} { stroke: ${hue}; fill: none; } .chart .fill${i} { fill: ${hue}; }`).join('\n')}
</style>`);

export function makeChart({ width, height, title, description, content, table }: ChartParts): Chart {
  const svg = markup`<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><title>${title}</title><desc>${description}</desc>${style}<text class="title" x="0" y="14">${title}</text>${content}</svg>`;
  return { svg, width, height, ...(table && { table }) };
}

/** Letters of a name that a chart has room for. */
const longestName = 24;

/** A name as a chart writes it: the beginning of one that is very long. */
export function shortName(name: string): string {
  const letters = Array.from(name);
  return letters.length <= longestName ? name : `${letters.slice(0, longestName - 1).join('')}…`;
}

/** Pixels that the longest of these names takes beside a plot. */
export function nameWidth(names: readonly string[]): number {
  return 12 + 6.6 * Math.max(...names.map((name) => shortName(name).length), 4);
}

/** Names of series with their colours in a row; empty for a single series, which the title names. */
export function legend(names: readonly string[], x: number, y: number): Markup {
  if (names.length < 2) return markup``;
  let offset = x;
  return markup`${names.map(shortName).map((name, index) => {
    const at = offset;
    offset += 34 + name.length * 6.8;
    return markup`<circle class="fill${index % seriesColours}" cx="${at + 5}" cy="${y - 4}" r="4.5"/><text class="ink" x="${at + 14}" y="${y}">${name}</text>`;
  })}`;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
