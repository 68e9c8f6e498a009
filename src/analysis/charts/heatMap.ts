import { makeChart, nameWidth, round, shortName } from './chart.ts';
import type { Chart } from './chart.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';

export interface HeatMapOptions {
  readonly title: string;
  readonly description: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** `[rows][columns]`; undefined for an empty cell. */
  readonly values: readonly (readonly (number | undefined)[])[];
  /** The value of the strongest colour; negative values, if there are any, have a colour of their own. */
  readonly most: number;
  /** What stands in a cell; empty for nothing. */
  readonly write: (value: number) => string;
  /** What a cell says in words. */
  readonly say: (value: number, row: string, column: string) => string;
  /** Pixels. */
  readonly cell?: { readonly width: number; readonly height: number };
}

/**
 * A table in which colour says how much. Cells differ in opacity, so that they fade into light and dark pages alike;
 * the colour goes with the square root of the value, as a few large values would leave the rest without any.
 */
export function heatMap(options: HeatMapOptions): Chart {
  const { title, description, rows, columns, values, most, write, say } = options;
  const { cell = { width: 24, height: 22 } } = options;
  const left = nameWidth(rows);
  const turned = columns.some((name) => 7 * shortName(name).length > cell.width);
  const top = turned ? 30 + 0.75 * nameWidth(columns) : 46;
  // A turned name of the last column leans over the right border.
  const width = Math.ceil(left + columns.length * cell.width + (turned ? 0.75 * nameWidth(columns) : 8));
  const height = Math.ceil(top + rows.length * cell.height + 6);
  const columnNames = columns.map((name, column): Markup => {
    const x = round(left + (column + 0.5) * cell.width);
    const place = turned
      ? markup`x="${x - 2}" y="${round(top - 6)}" transform="rotate(-45 ${x - 2} ${round(top - 6)})"`
      : markup`x="${x}" y="${round(top - 8)}" text-anchor="middle"`;
    return markup`<text class="ink" ${place}>${shortName(name)}</text>`;
  });
  const drawn = rows.map((row, r) => {
    const y = round(top + r * cell.height);
    const cells = columns.map((column, c) => {
      const value = values[r]![c];
      if (value === undefined) return undefined;
      const x = round(left + c * cell.width);
      const text = write(value);
      const opacity = round(0.9 * Math.sqrt(Math.min(1, Math.abs(value) / most)));
      const written =
        text !== '' &&
        markup`<text class="ink" x="${round(x + cell.width / 2)}" y="${round(y + cell.height / 2 + 3.5)}" text-anchor="middle" style="font-size: 10px">${text}</text>`;
      return markup`<g><title>${say(value, row, column)}</title><rect class="fill${value < 0 ? 1 : 0}" x="${x}" y="${y}" width="${cell.width - 1}" height="${cell.height - 1}" opacity="${opacity}"/>${written}</g>`;
    });
    return markup`<rect class="empty" x="${left}" y="${y}" width="${columns.length * cell.width - 1}" height="${cell.height - 1}"/><text class="ink" x="${left - 8}" y="${round(y + cell.height / 2 + 4)}" text-anchor="end">${shortName(row)}</text>${cells}`;
  });
  return makeChart({
    width,
    height,
    title,
    description,
    table: {
      columns: ['', ...columns],
      rows: rows.map((row, r) => [
        row,
        ...columns.map((_, c) => (values[r]![c] === undefined ? '–' : write(values[r]![c]))),
      ]),
    },
    content: [...columnNames, ...drawn],
  });
}
