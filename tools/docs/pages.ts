import { analysisPage } from './analysisPage.ts';
import { cliPage } from './cliPage.ts';
import { errorsPage } from './errorsPage.ts';
import { experimentPage } from './experimentPage.ts';
import { modelsPage } from './modelsPage.ts';

/** A page of the reference: where it lies, and what it is to say. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly render: () => string | Promise<string>;
}

export const pages: readonly Page[] = [
  { path: 'docs/reference/analysis.md', render: analysisPage },
  { path: 'docs/reference/cli.md', render: cliPage },
  { path: 'docs/reference/errors.md', render: errorsPage },
  { path: 'docs/reference/experiment.md', render: experimentPage },
  { path: 'docs/reference/models.md', render: modelsPage },
];
