import type { Chart } from '../../src/analysis/charts/chart.ts';
import type { Table } from '../../src/analysis/report/page.ts';
import type { Image } from '../../src/pixels/image.ts';

/** What a cell shows. */
export type Output =
  | { readonly kind: 'chart'; readonly chart: Chart }
  | { readonly kind: 'picture'; readonly image: Image; readonly caption: string }
  | { readonly kind: 'table'; readonly table: Table };

/** Prose in Markdown, or code whose text and output are shown. */
export type Cell<Data> = string | ((data: Data) => Output | Promise<Output>);

/**
 * An analysis that is read and can be run: cells in order, over data that is prepared once.
 *
 * Rendered with `npm run notebooks` into Markdown and pictures beside the notebook; run by the tests with small
 * parameters.
 */
export interface Notebook<Parameters extends object, Data> {
  readonly title: string;
  /** What the rendered notebook is made with. */
  readonly parameters: Parameters;
  /** Makes what the cells look at; `folder` is empty and is removed afterwards. */
  readonly prepare: (parameters: Parameters, folder: string) => Promise<Data>;
  readonly cells: readonly Cell<Data>[];
}

/** Types a notebook. */
export function defineNotebook<Parameters extends object, Data>(
  notebook: Notebook<Parameters, Data>,
): Notebook<Parameters, Data> {
  return notebook;
}
