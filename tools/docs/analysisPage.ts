import { datasetAnalysisSchema } from '../../src/analysis/dataset/schema.ts';
import { readDocComments } from './docComments.ts';
import { generatedFrom, page, table } from './markdown.ts';
import { describedSchema } from './schemaValues.ts';
import { settingRows } from './settingsTable.ts';

/** `docs/reference/analysis.md`: every key of the JSON of `data analyze`. */
export function analysisPage(): string {
  const rows = settingRows(describedSchema(datasetAnalysisSchema), readDocComments().analysis, '');
  return page(
    generatedFrom('`src/analysis/dataset/schema.ts`'),
    '# The JSON of `data analyze`',
    '`phalanx data analyze DIR` writes it beside the report, as `dataset.json`; under `--json` it is printed as `analysis`, beside the paths of the files that were written. A key marked – is left out where there is nothing to say.',
    table(
      ['key', 'values', 'always', 'meaning'],
      rows.map(([key, values, always, meaning]) => [key, values, always === '–' ? '–' : 'yes', meaning]),
    ),
  );
}
