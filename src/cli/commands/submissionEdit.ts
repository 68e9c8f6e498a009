import type { Command } from 'commander';
import { PhalanxError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { table } from '../../core/table.ts';
import type { PixelChanges, SubmissionDiff } from '../../inference/submission/diff.ts';
import type { Runner } from '../command.ts';
import { readSizes, sizeOptions } from '../dialectOption.ts';
import type { SizeFlags } from '../dialectOption.ts';
import { formatOptions, readFormat } from '../formatOption.ts';
import type { FormatFlags } from '../formatOption.ts';
import { collect } from '../options.ts';
import { outOptions, requireFree } from '../outOption.ts';
import type { OutFlags } from '../outOption.ts';

interface DialectFlags extends SizeFlags {
  readonly dialect?: string;
}

interface ConvertFlags extends SizeFlags, OutFlags {
  readonly from?: string;
  readonly to: string;
  readonly class?: string;
}

interface ShowFlags extends FormatFlags, OutFlags {
  readonly data: string;
  readonly image: string;
  readonly classes?: string;
  readonly dialect?: string;
}

/** Commands that compare submissions or make one from others. */
export function registerEdits(group: Command, run: Runner): void {
  sizeOptions(group.command('diff'))
    .description('how the masks of two submissions differ, by class and image; exit 1 if they do')
    .argument('<a>', 'a submission')
    .argument('<b>', 'another')
    .option('--dialect <name>', 'how both are written')
    .action(
      run(async ({ output, signal, answerNo }, a: string, b: string, flags: DialectFlags) => {
        const { diffSubmissions } = await import('../../inference/submission/diff.ts');
        const { dialectOf } = await import('../../inference/submission/dialects.ts');
        const sizeOf = await readSizes(flags);
        const diff = await diffSubmissions(a, b, {
          dialect: dialectOf(flags.dialect),
          signal,
          ...(sizeOf === undefined ? {} : { sizeOf }),
        });
        output.result(diff, diffText(diff));
        if (!diff.same) answerNo();
      }),
    );
  outOptions(group.command('merge'), 'csv')
    .description('one submission with some classes taken from others')
    .argument('<csv>', 'the submission whose other classes and order are kept')
    .requiredOption(
      '--take <class=csv>',
      'a class and the submission it is taken from; may be repeated',
      collect,
    )
    .option('--dialect <name>', 'how all are written')
    .action(
      run(
        async (
          { output, signal },
          base: string,
          flags: OutFlags & { readonly take: readonly string[]; readonly dialect?: string },
        ) => {
          const { mergeSubmissions } = await import('../../inference/submission/merge.ts');
          const { dialectOf } = await import('../../inference/submission/dialects.ts');
          requireFree(flags);
          const dialect = dialectOf(flags.dialect);
          const take = taken(flags.take);
          const written = await mergeSubmissions({ base, take, out: flags.out, dialect, signal });
          output.result(written, `${written.rows} rows written to ${flags.out}.`);
        },
      ),
    );
  outOptions(sizeOptions(group.command('convert')), 'csv')
    .description('the same masks in the dialect of another competition')
    .argument('<csv>', 'the submission')
    .option('--from <name>', 'how it is written')
    .requiredOption('--to <name>', 'how the result is')
    .option('--class <name>', 'the class of all rows, where the submission has no column for it')
    .action(
      run(async ({ output, signal }, csv: string, flags: ConvertFlags) => {
        const { convertSubmission } = await import('../../inference/submission/convert.ts');
        const { dialectOf } = await import('../../inference/submission/dialects.ts');
        requireFree(flags);
        const sizeOf = await readSizes(flags);
        const written = await convertSubmission(csv, {
          from: dialectOf(flags.from),
          to: dialectOf(flags.to),
          out: flags.out,
          signal,
          ...(sizeOf === undefined ? {} : { sizeOf }),
          ...(flags.class === undefined ? {} : { className: flags.class }),
        });
        output.result(written, `${written.rows} rows written to ${flags.out}.`);
      }),
    );
  outOptions(formatOptions(group.command('show')), 'png')
    .description('a picture of what a submission says about an image')
    .argument('<csv>', 'the submission')
    .requiredOption('--data <dir>', 'the dataset it was made for')
    .requiredOption('--image <name>', 'the image, as the submission names it')
    .option('--classes <names>', 'only these, separated by commas')
    .option('--dialect <name>', 'how the submission is written')
    .action(
      run(async ({ output }, csv: string, flags: ShowFlags) => output.result(...(await show(csv, flags)))),
    );
}

async function show(csv: string, flags: ShowFlags): Promise<[data: unknown, text: string]> {
  const { openFormat } = await import('../../data/formats/open.ts');
  const { readSubmissionLabels } = await import('../../inference/submission/labels.ts');
  const { dialectOf } = await import('../../inference/submission/dialects.ts');
  const { submissionPicture } = await import('../../analysis/submissionPicture.ts');
  const { encodePng } = await import('../../data/encodePng.ts');
  const { writeFileAtomic } = await import('../../core/atomicFile.ts');
  requireFree(flags);
  const dataset = await openFormat(flags.data, await readFormat(flags));
  const entries = [...dataset.entries.test, ...dataset.entries.train];
  const entry = entries.find(({ id }) => id === flags.image);
  if (entry === undefined) throw unknown('image', flags.image, entries.map(({ id }) => id)); // prettier-ignore
  const shown = flags.classes?.split(',');
  const stray = shown?.find((name) => !dataset.classes.includes(name));
  if (stray !== undefined) throw unknown('class', stray, dataset.classes);
  const image = await dataset.readImage(entry);
  const labels = await readSubmissionLabels(csv, entry.id, dataset.classes, image, dialectOf(flags.dialect));
  const picture = await submissionPicture(image, labels, dataset.classes, shown);
  await writeFileAtomic(flags.out, await encodePng(picture));
  return [{ picture: flags.out, image: entry.id }, `Written to ${flags.out}.`];
}

function unknown(noun: string, received: string, names: readonly string[]): PhalanxError {
  const guess = nearest(received, names);
  return new PhalanxError('cli/option', {
    what: `The dataset has no such ${noun}`,
    expected: guess === undefined ? names.slice(0, 30).join(', ') : `perhaps ${guess}`,
    received: received.slice(0, 200),
  });
}

function taken(texts: readonly string[]): Record<string, string> {
  const entries = texts.map((text) => {
    const at = text.indexOf('=');
    if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)] as const;
    throw new PhalanxError('cli/option', {
      what: 'What is to be taken cannot be read',
      where: '--take',
      expected: 'a class and a submission, such as Radius=submissions/other.csv',
      received: text.slice(0, 200),
    });
  });
  return Object.fromEntries(entries);
}

/** A table of the classes that differ, and what differs most. */
export function diffText(diff: SubmissionDiff): string {
  const changed = Object.entries(diff.perClass)
    .filter(([, change]) => change.onlyA + change.onlyB > 0)
    .sort(([, p], [, q]) => p.dice - q.dice);
  const cells = ({ onlyA, onlyB, dice }: PixelChanges): string[] => [
    onlyA.toLocaleString('en'),
    onlyB.toLocaleString('en'),
    dice.toFixed(4),
  ];
  const lines: string[] = [];
  if (changed.length > 0) {
    const classes = changed.map(([name, change]) => [name, ...cells(change)]);
    lines.push(table(['class', 'only in a, px', 'only in b, px', 'Dice'], classes), '');
    const worst = diff.worst.slice(0, 5).map((one) => [one.image, one.className, ...cells(one)]);
    lines.push(table(['most changed', 'class', 'only in a, px', 'only in b, px', 'Dice'], worst), '');
  }
  for (const [name, { rows, first }] of Object.entries({ a: diff.onlyInA, b: diff.onlyInB })) {
    if (rows > 0) lines.push(`${rows} rows are only in ${name}, such as ${first.slice(0, 3).join('; ')}.`);
  }
  const agreement = `Dice between them ${diff.total.dice.toFixed(4)}`;
  lines.push(
    diff.same
      ? `All ${diff.rows} masks are the same.`
      : `${diff.changedRows} of ${diff.rows} masks differ. ${agreement}.`,
  );
  return lines.join('\n');
}
