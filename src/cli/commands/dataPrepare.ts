import type { RegisterCommand } from '../command.ts';
import { collect } from '../options.ts';
import { bytesText } from '../terminal/bytes.ts';
import { duration } from '../terminal/progress.ts';

interface PrepareFlags {
  readonly set?: string[];
  readonly cache: string;
  readonly dropStale?: boolean;
}

export const registerDataPrepare: RegisterCommand = (group, run) => {
  group
    .command('prepare')
    .description("decode a dataset once, at an experiment's size")
    .argument('<experiment>', 'file below experiments/, such as demo/unet')
    .option('--set <path=value>', 'change a setting; may be given several times', collect)
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .option('--drop-stale', 'remove samples that nothing uses any more')
    .action(
      run(async ({ output, signal }, reference: string, options: PrepareFlags) => {
        const { resolveExperiment } = await import('../../experiment/resolve.ts');
        const { openDataset, prepareEntries } = await import('../../experiment/experimentData.ts');
        const { dropStale, findStale } = await import('../../data/cache/stale.ts');
        const { config } = await resolveExperiment(reference, options.set);
        const dataset = await openDataset(config.data);
        const entries = [...dataset.entries.train, ...dataset.entries.test];
        const progress = output.progress('decode');
        const start = performance.now();
        const cache = await prepareEntries(dataset, entries, config.data, options.cache, {
          signal,
          onProgress: ({ done, total, built, bytes }) =>
            progress.update(done, total, `${built} decoded  ${bytesText(bytes)}`),
        });
        const seconds = (performance.now() - start) / 1000;
        progress.close();

        const stale = await findStale(cache);
        const staleBytes = stale.reduce((sum, { size }) => sum + size, 0);
        const staleText = `${stale.length} ${stale.length === 1 ? 'file' : 'files'} that nothing uses, ${bytesText(staleBytes)}`;
        if (options.dropStale === true) {
          await dropStale(stale);
          output.note(`Removed ${staleText}.`);
        } else if (stale.length > 0) {
          output.note(`${staleText}: remove with --drop-stale.`);
        }

        const { folder, shape, built, bytes } = cache;
        const { width, height, channels } = shape;
        const made = built === 0 ? 'all there before' : `${built} decoded in ${duration(seconds)}`;
        output.result(
          {
            folder,
            images: entries.length,
            ...shape,
            built,
            bytes,
            seconds,
            stale: { files: stale.length, bytes: staleBytes, dropped: options.dropStale === true },
          },
          `${entries.length} images of ${width} × ${height} × ${channels} in ${folder}: ${bytesText(bytes)}, ${made}.`,
        );
      }),
    );
};
