import { PhalanxError } from '../../core/errors.ts';
import { fewestImages } from '../../inference/submission/overlaps.ts';
import type { UnusualOverlaps } from '../../inference/submission/overlaps.ts';
import type { CommandContext, RegisterCommand } from '../command.ts';
import type { Output } from '../terminal/output.ts';
import { formatOptions, readFormat } from '../formatOption.ts';
import type { FormatFlags } from '../formatOption.ts';
import { oneOf } from '../options.ts';
import { outOptions, requireFree } from '../outOption.ts';
import type { OutFlags } from '../outOption.ts';
import { readSizes, sizeOptions } from '../dialectOption.ts';
import type { SizeFlags } from '../dialectOption.ts';
import { table } from '../../core/table.ts';
import { diffText, registerEdits } from './submissionEdit.ts';

interface CheckFlags extends FormatFlags {
  readonly data: string;
  readonly previous?: string;
  readonly overlaps?: boolean;
}

interface ScoreFlags extends FormatFlags {
  readonly data: string;
  readonly split: 'test' | 'train';
  readonly dialect?: string;
}

interface VoteFlags extends SizeFlags, OutFlags {
  readonly weights?: number[];
  readonly dialect?: string;
}

export const registerSubmission: RegisterCommand = (program, run) => {
  const group = program.command('submission').description('check, score and combine submission CSVs');
  formatOptions(group.command('check'))
    .description('every defect of a submission; exit 1 if there is an error')
    .argument('<csv>', 'the submission')
    .requiredOption('--data <dir>', 'the dataset it was made for')
    .option('--previous <csv>', 'another submission of the same images: tells what has changed since')
    .option('--overlaps', 'also tell of classes that overlap as in no training image; reads every annotation')
    .action(run(checkOne));
  formatOptions(group.command('score'))
    .description('mean Dice as the competition computes it; needs annotations')
    .argument('<csv>', 'the submission')
    .requiredOption('--data <dir>', 'the dataset, with annotations of the split')
    .option('--split <split>', 'test or train', oneOf('--split', ['test', 'train']), 'test')
    .option('--dialect <name>', 'how the submission is written')
    .action(
      run(async ({ output }, csv: string, options: ScoreFlags) => {
        const { openFormat } = await import('../../data/formats/open.ts');
        const { scoreSubmission } = await import('../../inference/submission/score.ts');
        const { dialectOf } = await import('../../inference/submission/dialects.ts');
        const score = await scoreSubmission(
          csv,
          await openFormat(options.data, await readFormat(options)),
          options.split,
          dialectOf(options.dialect),
        );
        const rows = Object.entries(score.perClass).map(([name, dice]) => [name, dice.toFixed(4)]);
        output.result(score, `${table(['class', 'Dice'], rows)}\n\nmean Dice ${score.meanDice.toFixed(4)}`);
      }),
    );
  outOptions(sizeOptions(group.command('vote')), 'csv')
    .description('majority vote of several submissions, pixel by pixel')
    .argument('<csv...>', 'submissions with the same rows')
    .option('--weights <numbers>', 'one per submission, separated by commas', parseNumbers)
    .option('--dialect <name>', 'how all are written')
    .action(
      run(async ({ output, signal }, submissions: string[], flags: VoteFlags) => {
        const { voteSubmissions } = await import('../../inference/submission/vote.ts');
        const { dialectOf } = await import('../../inference/submission/dialects.ts');
        requireFree(flags);
        const { out, weights } = flags;
        const sizeOf = await readSizes(flags);
        const written = await voteSubmissions({
          submissions,
          out,
          dialect: dialectOf(flags.dialect),
          signal,
          ...(sizeOf === undefined ? {} : { sizeOf }),
          ...(weights === undefined ? {} : { weights }),
        });
        output.result(written, `${written.rows} rows written to ${out}.`);
      }),
    );
  registerEdits(group, run);
};

async function checkOne({ output, signal }: CommandContext, csv: string, options: CheckFlags): Promise<void> {
  const { openFormat } = await import('../../data/formats/open.ts');
  const { checkSubmission } = await import('../../inference/submission/check.ts');
  const { diffSubmissions } = await import('../../inference/submission/diff.ts');
  const { unusualOverlaps } = await import('../../inference/submission/overlaps.ts');
  const dataset = await openFormat(options.data, await readFormat(options));
  const check = await checkSubmission(csv, dataset);
  const lines = check.defects.map(({ severity, line, what }) => {
    const place = line === undefined ? csv : `${csv}:${line}`;
    return `${output.style(severity === 'error' ? 'red' : 'yellow', severity)}  ${place}  ${what}`;
  });
  if (check.unlisted > 0) lines.push(`… and ${check.unlisted} more`);
  // Masks that cannot be read can be compared with nothing.
  const overlaps =
    check.valid && options.overlaps === true ? await unusualOverlaps(csv, dataset, { signal }) : undefined;
  lines.push(...overlapLines(overlaps, output, csv));
  const changes =
    check.valid && options.previous !== undefined
      ? await diffSubmissions(options.previous, csv, { signal })
      : undefined;
  if (changes !== undefined) lines.push('', `Since ${options.previous!} (a):`, diffText(changes), '');
  const empty = `${(100 * check.emptyShare).toFixed(1)} % empty masks`;
  lines.push(
    `${check.rows} rows of ${check.expectedRows} expected, ${empty}: ${check.valid ? 'valid' : 'not valid'}.`,
  );
  const result = { ...check, ...(overlaps && { overlaps }), ...(changes && { changes }) };
  output.result(result, lines.join('\n'));
  if (!check.valid) {
    throw new PhalanxError('submission/invalid', {
      what: 'The submission has defects and would be refused or scored wrongly',
      where: csv,
      fix: 'Make it again with "phalanx ensemble", or mend the rows listed above',
    });
  }
}

/** Lines that a person reads; the rest is in the JSON. */
const mostOverlaps = 20;

function overlapLines(overlaps: UnusualOverlaps | undefined, output: Output, csv: string): string[] {
  if (overlaps === undefined) return [];
  const { found, learnedFrom } = overlaps;
  if (learnedFrom < fewestImages) {
    return [`Overlaps were not looked at: ${learnedFrom} annotated training images tell too little.`];
  }
  const lines = found.slice(0, mostOverlaps).map(({ image, classes: [a, b], pixels, share }) => {
    const how = `${pixels} pixels, ${(100 * share).toFixed(0)} % of the smaller`;
    return `${output.style('yellow', 'warning')}  ${csv}  "${image}": ${a} and ${b} share ${how}, in no training image any`;
  });
  return found.length > mostOverlaps
    ? [...lines, `… and ${found.length - mostOverlaps} more overlaps`]
    : lines;
}

function parseNumbers(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (!numbers.some(Number.isNaN)) return numbers;
  throw new PhalanxError('cli/option', {
    what: 'The weights cannot be read',
    expected: 'numbers separated by commas, such as 2,1,1',
    received: text,
  });
}
