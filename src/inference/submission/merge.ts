import { PhalanxError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { submissionDialects } from './dialects.ts';
import type { SubmissionDialect } from './dialects.ts';
import { SubmissionLookup } from './lookup.ts';
import { readSubmission } from './submission.ts';
import type { SubmissionRow } from './submission.ts';
import { SubmissionWriter } from './writer.ts';
import type { WrittenSubmission } from './writer.ts';

export interface MergeOptions {
  /** Whose rows are written, in their order, where nothing else is said. */
  readonly base: string;
  /** By class, the submission that its masks are taken from. */
  readonly take: Readonly<Record<string, string>>;
  readonly out: string;
  /** Of all submissions and of the result. */
  readonly dialect?: SubmissionDialect;
  readonly signal?: AbortSignal;
}

/** Classes that are remembered to tell which of those to take are not there. */
const mostClasses = 10_000;

/**
 * Takes each class from the submission that does it best. Masks are copied as they are written.
 *
 * @throws PhalanxError `merge/class` for a class that the base has no row of, `merge/rows-differ` when another submission
 *   lacks a row, and what `readSubmission` throws. `out` is then as it was before.
 */
export async function mergeSubmissions(options: MergeOptions): Promise<WrittenSubmission> {
  const { base, take, out, dialect = submissionDialects['hand-bone'], signal } = options;
  const lookups = new Map(
    [...new Set(Object.values(take))].map((path) => [path, new SubmissionLookup(path, dialect)]),
  );
  const seen = new Set<string>();
  await using writer = await SubmissionWriter.open(out, dialect);
  try {
    for await (const row of readSubmission(base, dialect)) {
      signal?.throwIfAborted();
      if (seen.size < mostClasses) seen.add(row.className);
      const path = Object.hasOwn(take, row.className) ? take[row.className] : undefined;
      const { rle } = path === undefined ? row : await takeOrFail(lookups.get(path)!, row, base);
      await writer.write(row.imageName, row.className, rle);
    }
  } finally {
    await Promise.all([...lookups.values()].map((lookup) => lookup[Symbol.asyncDispose]()));
  }
  for (const name of Object.keys(take)) {
    if (seen.has(name)) continue;
    const hint = nearest(name, [...seen]);
    throw new PhalanxError('merge/class', {
      what: 'A class is to be taken that the submission does not have',
      where: base,
      expected: hint === undefined ? `one of ${[...seen].slice(0, 40).join(', ')}` : `perhaps ${hint}`,
      received: JSON.stringify(name.slice(0, 200)),
    });
  }
  return await writer.commit();
}

async function takeOrFail(
  lookup: SubmissionLookup,
  { imageName, className }: SubmissionRow,
  base: string,
): Promise<SubmissionRow> {
  const row = await lookup.take(imageName, className);
  if (row !== undefined) return row;
  throw new PhalanxError('merge/rows-differ', {
    what: 'A submission lacks a row that is to be taken from it',
    where: lookup.path,
    expected: `one row of "${imageName.slice(0, 200)}", "${className.slice(0, 200)}", as in ${base}`,
    fix: 'Run phalanx submission check on each of them',
  });
}
