import { writeFileAtomic } from '../../core/atomicFile.ts';
import { Markup, markup } from '../charts/markup.ts';
import type { Chart, ChartTable } from '../charts/chart.ts';

export interface Section {
  readonly heading: string;
  /** One or two sentences on what is seen. */
  readonly text?: string;
  readonly content: readonly Markup[];
}

export interface Page {
  readonly title: string;
  readonly subtitle?: string;
  /** The few numbers a reader came for. */
  readonly figures: readonly { readonly label: string; readonly value: string; readonly note?: string }[];
  readonly sections: readonly Section[];
}

const style = new Markup(`<style>
:root { color-scheme: light dark; --paper: #ffffff; --card: #f6f8fa; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --accent: #2f7ed8; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --card: #161b22; --ink: #e6edf3; --soft: #9198a1; --line: #30363d; --accent: #6cb0ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 28px 64px; }
h1, p { overflow-wrap: anywhere; } h1 { font-size: 30px; line-height: 1.2; margin: 0; letter-spacing: -0.015em; }
h2 { font-size: 19px; margin: 52px 0 8px; letter-spacing: -0.01em; }
p { margin: 6px 0 14px; color: var(--soft); max-width: 95ch; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 26px 0 0; }
.figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.figure .label { color: var(--soft); font-size: 13px; } .figure .value { font-size: 26px; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.figure .note { color: var(--soft); font-size: 12.5px; } .figure:first-child .value { color: var(--accent); }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, var(--least, 500px)), 1fr)); gap: 22px; align-items: start; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px; overflow-x: auto; }
.card svg { max-width: 100%; min-width: calc(0.85 * var(--width)); height: auto; display: block; }
details { margin-top: 10px; } summary { color: var(--soft); font-size: 13px; cursor: pointer; } details .scroll { max-height: 420px; margin-top: 6px; }
.scroll { overflow: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 12px; border-bottom: 1px solid var(--line); white-space: nowrap; } th { color: var(--soft); font-weight: 500; font-size: 13px; }
th:first-child, td:first-child, tbody th { text-align: left; padding-left: 0; } tbody th { color: var(--ink); font-weight: inherit; font-size: inherit; } tr.strong > * { font-weight: 650; } td.text { white-space: normal; } td, tbody th { overflow-wrap: anywhere; } td.text { min-width: 16em; } tbody th { min-width: 7em; } td.text, tbody th { max-width: 40em; white-space: normal; } th.text, td.text { text-align: left; }
.pictures { display: grid; grid-template-columns: repeat(3, 1fr); gap: 10px; margin: 14px 0 26px; } figure { margin: 0; }
figure img, .candidate img { width: 100%; display: block; border-radius: 8px; background: #000; } figcaption { color: var(--soft); font-size: 12.5px; margin-top: 5px; overflow-wrap: anywhere; }
.candidates { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 16px; margin: 14px 0 26px; padding: 0; list-style: none; }
.candidate { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px; overflow-wrap: anywhere; } .candidate h3 { font-size: 14px; margin: 10px 0 2px; } .candidate p { margin: 0 0 4px; font-size: 13px; } .candidate ul { margin: 6px 0; padding-left: 18px; font-size: 13.5px; } .candidate .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 6px; }
.tag { display: inline-block; border: 1px solid var(--line); border-radius: 20px; padding: 0 8px; margin: 2px 4px 0 0; color: var(--soft); font: 12px/1.7 ui-monospace, monospace; }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin: 0 5px 0 14px; vertical-align: -1px; } .key:first-child { margin-left: 0; }
footer { color: var(--soft); font-size: 12.5px; margin-top: 56px; border-top: 1px solid var(--line); padding-top: 14px; }
@media (max-width: 720px) { main { padding: 24px 16px; } .pictures { grid-template-columns: 1fr; } }
@media print { .card, .figure, figure { break-inside: avoid; } }
</style>`);

/**
 * Writes a page that needs nothing but itself: no scripts, no fonts or pictures from elsewhere, light and dark.
 *
 * @throws PhalanxError `file/write`.
 */
export async function writePage(path: string, page: Page): Promise<void> {
  await writeFileAtomic(path, renderPage(page).text);
}

function renderPage({ title, subtitle, figures, sections }: Page): Markup {
  return markup`${new Markup('<!doctype html>')}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>${style}</head><body><main>
<h1>${title}</h1>${subtitle !== undefined && markup`<p>${subtitle}</p>`}
<div class="figures">${figures.map(
    ({ label, value, note }) =>
      markup`<div class="figure"><div class="label">${label}</div><div class="value">${value}</div>${note !== undefined && markup`<div class="note">${note}</div>`}</div>`,
  )}</div>
${sections.map(
  ({ heading, text, content }) =>
    markup`<section><h2>${heading}</h2>${text !== undefined && markup`<p>${text}</p>`}${content}</section>
`,
)}<footer>Written by Phalanx.</footer></main></body></html>
`;
}

/** Charts in cards, beside each other where there is room, each with its numbers as a table that can be opened. */
export function cards(charts: readonly Chart[]): Markup {
  const least = Math.min(500, ...charts.map(({ width }) => width));
  return markup`<div class="row" style="--least: ${least}px">${charts.map(
    ({ svg, width, table: numbers }) =>
      markup`<div class="card" style="--width: ${width}px">${svg}${numbers && numbersOf(numbers)}</div>`,
  )}</div>`;
}

function numbersOf({ columns, rows }: ChartTable): Markup {
  return folded('As a table', table({ columns, rows: rows.map((cells) => ({ cells })) }));
}

/** Content that is opened by a click on the summary. */
export function folded(summary: string, content: Markup): Markup {
  return markup`<details><summary>${summary}</summary>${content}</details>`;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly cells: readonly (string | number)[];
    readonly strong?: boolean;
  }[];
  /** Columns that hold sentences: left-aligned and wrapped. */
  readonly textColumns?: readonly number[];
}

/** The first cell of each row is its heading. */
export function table({ columns, rows, textColumns = [] }: Table): Markup {
  const text = (index: number): Markup | false => textColumns.includes(index) && new Markup(' class="text"');
  return markup`<div class="scroll"><table><thead><tr>${columns.map((name, index) => markup`<th scope="col"${text(index)}>${name}</th>`)}</tr></thead><tbody>${rows.map(
    ({ cells, strong = false }) =>
      markup`<tr${strong && new Markup(' class="strong"')}>${cells.map((cell, index) =>
        index === 0 ? markup`<th scope="row">${cell}</th>` : markup`<td${text(index)}>${cell}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`;
}

export interface Picture {
  /** As `dataUrl` gives it. */
  readonly url: string;
  /** Written below; nothing for an empty one. */
  readonly caption: string;
  /** What is seen, for those who do not; the caption unless given. */
  readonly alt?: string;
}

/** Pictures, three to a line or one over the full width. */
export function pictures(items: readonly Picture[], layout: 'row' | 'wide' = 'row'): Markup {
  return markup`<div class="${layout === 'row' ? 'pictures' : 'picture'}">${items.map(
    ({ url, caption, alt = caption }) =>
      markup`<figure>${imageOf(url, alt)}${caption !== '' && markup`<figcaption>${caption}</figcaption>`}</figure>`,
  )}</div>`;
}

/** @param url as `dataUrl` gives it. */
export function imageOf(url: string, alt: string): Markup {
  return markup`<img src="${new Markup(url)}" alt="${alt}" loading="lazy">`;
}
