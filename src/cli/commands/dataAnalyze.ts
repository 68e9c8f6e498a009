import { join } from 'node:path';
import type { RegisterCommand } from '../command.ts';
import { formatOptions, readFormat } from '../formatOption.ts';
import type { FormatFlags } from '../formatOption.ts';

interface AnalyzeFlags extends FormatFlags {
  readonly out: string;
  readonly tags?: string;
}

export const registerDataAnalyze: RegisterCommand = (group, run) => {
  formatOptions(group.command('analyze'))
    .description('a report on the dataset: areas, overlaps, places, people, grey values, unusual images')
    .argument('<dir>', 'folder of the dataset')
    .option('--out <dir>', 'folder of the report, dataset.html and dataset.json', 'reports')
    .option(
      '--tags <file>',
      'tag unusual images in this file, for training.sampling; own tags in it are kept',
    )
    .action(
      run(async ({ output, signal }, directory: string, { out, tags, ...flags }: AnalyzeFlags) => {
        const { openFormat } = await import('../../data/formats/open.ts');
        const { analyzeDataset } = await import('../../analysis/analyzeDataset.ts');
        const { writeAnalysis } = await import('../../analysis/dataset/writeAnalysis.ts');
        const { renewTags } = await import('../../analysis/dataset/renewTags.ts');
        const { writeDatasetReport } = await import('../../analysis/report/dataset/writeDatasetReport.ts');
        const dataset = await openFormat(directory, await readFormat(flags));
        const progress = output.progress('analyze');
        const analysis = await analyzeDataset(dataset, {
          signal,
          onProgress: ({ done, total }) => progress.update(done, total),
        });
        progress.close();
        const report = join(out, 'dataset.html');
        const numbers = join(out, 'dataset.json');
        await writeDatasetReport(report, dataset, analysis);
        await writeAnalysis(numbers, analysis);
        const lines = [`Report: ${report}, with its numbers in ${numbers}`];
        const { unreadable, samples, outliers } = analysis;
        if (unreadable.length > 0)
          output.warn(`${unreadable.length} files could not be read; run data check`);
        if (tags !== undefined) {
          const images = samples.map(({ id }) => id);
          lines.push(`Tags: ${tags}, ${await renewTags(tags, outliers, images)} unusual images`);
        }
        output.result(
          { report, numbers, ...(tags === undefined ? {} : { tags }), analysis },
          lines.join('\n'),
        );
      }),
    );
};
