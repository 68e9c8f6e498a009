import { join } from 'node:path';
import { flattenParameters } from '../tracking/flatten.ts';
import { readJsonLines } from '../tracking/jsonLines.ts';
import { readRunFile } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';

/** One run as a person reads it, and as data. */
export async function describeRun(run: Run): Promise<{ data: object; text: string }> {
  const config = await readRunFile(run, 'config.json');
  const environment = await readRunFile(run, 'environment.json');
  const last: Record<string, number> = {};
  for await (const record of readJsonLines(join(run.directory, 'metrics.jsonl'))) {
    if (record.type === 'metrics') Object.assign(last, record.values);
  }
  const section = (title: string, values: object): string =>
    [title, ...Object.entries(values).map(([key, value]) => `  ${key}: ${String(value)}`)].join('\n');
  return {
    data: { directory: run.directory, ...run.state, metrics: last, config, environment },
    text: [
      section(run.directory, run.state),
      section('metrics, the last of each', last),
      section('settings', flattenParameters(config)),
      section('environment', flattenParameters(environment)),
    ].join('\n\n'),
  };
}
