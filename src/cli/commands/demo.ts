import type { DemoScore } from '../../experiment/demo.ts';
import type { RegisterCommand } from '../command.ts';
import { showEnsemble } from '../terminal/ensemble.ts';
import { duration } from '../terminal/progress.ts';
import { table } from '../../core/table.ts';
import { showTraining } from '../terminal/training.ts';

export const registerDemo: RegisterCommand = (program, run) => {
  program
    .command('demo')
    .description(
      'the main job on synthetic data: train two models, ensemble them, write and score the submission',
    )
    .option('--out <dir>', 'where everything is written; what is there is continued', 'demo')
    .action(
      run(async ({ output, signal }, { out }: { out: string }) => {
        const demo = await import('../../experiment/demo.ts');
        const { trainExperiment } = await import('../../experiment/trainExperiment.ts');
        const { runEnsemble } = await import('../../experiment/runEnsemble.ts');
        const timings: { name: string; seconds: number }[] = [];
        const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
          const start = performance.now();
          output.note(`\n${output.style('bold', name)}`);
          const result = await work();
          timings.push({ name, seconds: (performance.now() - start) / 1000 });
          return result;
        };

        const job = await demo.openDemo(out);
        await timed('Draw the phantom', async () => {
          const progress = output.progress('draw');
          const drawn = await demo.writeDemoData(job, {
            signal,
            onProgress: ({ done, total }) => progress.update(done, total),
          });
          progress.clear();
          const { people, test, size } = demo.demoPhantom;
          const what = `${people} people to train on, ${test} to test on, ${size} × ${size} pixels`;
          output.note(drawn ? `${what} in ${job.data}` : `${job.data} is there already: ${what}`);
        });
        for (const experiment of job.members) {
          await timed(`Train ${experiment.name}`, async () => {
            const found = await demo.findDemoRun(job, experiment);
            if (found?.state.status === 'finished') {
              output.note(`Trained already: ${found.directory}`);
              return;
            }
            const { runs, cache } = job;
            await showTraining(
              output,
              trainExperiment({ experiment, runs, cache, resume: found !== undefined, signal }),
            );
            signal.throwIfAborted();
          });
        }
        const { runs, cache, submissions } = job;
        const scores: DemoScore[] = [];
        for (const config of demo.demoSubmissions(job)) {
          const title = config.members.length === 1 ? `Predict with ${config.output}` : 'Join the members';
          await timed(title, () =>
            showEnsemble(output, runEnsemble({ config, runs, cache, submissions, overwrite: true, signal })),
          );
          const member = job.members.find(({ name }) => name === config.members[0]?.run);
          const alone = config.members.length === 1 ? member : undefined;
          const score = await demo.scoreDemo(job, config.output, alone);
          output.note(`${score.submission}: mean Dice ${output.style('bold', score.meanDice.toFixed(4))}`);
          scores.push(score);
        }
        const ensemble = scores.pop()!;
        await timed('Write the report', () =>
          demo.writeDemoReport(job, { members: scores, ensemble }, timings),
        );

        const seconds = timings.reduce((sum, timing) => sum + timing.seconds, 0);
        const rows = [...scores, ensemble].map(({ name, meanDice, submission }) => [
          name,
          meanDice.toFixed(4),
          submission,
        ]);
        output.result(
          { members: scores, ensemble, report: job.report, seconds, timings },
          `\n${table(['model', 'mean Dice', 'submission'], rows)}\n\nReport: ${job.report} (${duration(seconds)} in all)`,
        );
      }),
    );
};
