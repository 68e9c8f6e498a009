import { PhalanxError } from '../../core/errors.ts';
import { formatRle } from '../../labels/rle.ts';
import { voteRuns } from '../../labels/runs.ts';
import { anySize, submissionDialects } from './dialects.ts';
import type { SizeOf, SubmissionDialect } from './dialects.ts';
import { SubmissionLookup } from './lookup.ts';
import { readSubmission, rowMask } from './submission.ts';
import type { SubmissionRow } from './submission.ts';
import { submissionDigest, writeVoteManifest } from './voteManifest.ts';
import { SubmissionWriter } from './writer.ts';
import type { WrittenSubmission } from './writer.ts';

export interface VoteOptions {
  /** Submissions with the same rows; the first one's order is kept. */
  readonly submissions: readonly string[];
  readonly out: string;
  /** One per submission, above 0; all 1 by default. */
  readonly weights?: readonly number[];
  /** A pixel is foreground when its voters' weights exceed this share of all, in [0, 1); 0.5 by default. */
  readonly share?: number;
  /** Of all submissions and of the result; the hand-bone competition's by default. */
  readonly dialect?: SubmissionDialect;
  /** Sizes of the images, for dialects that cannot be read without. */
  readonly sizeOf?: SizeOf;
  readonly signal?: AbortSignal;
}

/**
 * Hard vote over submissions, row by row in the order of the first, by merging runs: no mask is decoded, and memory does
 * not grow with their length. What it was made from is written beside it, as a `VoteManifest`.
 *
 * @throws PhalanxError `vote/options`, `vote/rows-differ` when the submissions disagree about a row,
 *   `submission/size-unknown`, and what `readSubmission` throws. `out` is then as it was before.
 */
export async function voteSubmissions(options: VoteOptions): Promise<WrittenSubmission> {
  const {
    submissions,
    out,
    dialect = submissionDialects['hand-bone'],
    sizeOf = () => anySize,
    signal,
  } = options;
  const share = options.share ?? 0.5;
  const weights = options.weights ?? submissions.map(() => 1);
  checkOptions(submissions, weights, share);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Sums of weights such as 0.1 are inexact: a tie must not win by a rounding error.
  const minimum = total * (share + 1e-9);
  // Before anything is written: the result may replace one of them.
  const digests = await Promise.all(submissions.map(submissionDigest));
  const [leader, ...paths] = submissions as [string, ...string[]];
  const lookups = paths.map((path) => new SubmissionLookup(path, dialect));
  await using writer = await SubmissionWriter.open(out, dialect);
  try {
    for await (const row of readSubmission(leader, dialect)) {
      signal?.throwIfAborted();
      const rows = [row, ...(await Promise.all(lookups.map((lookup) => takeOrFail(lookup, row, leader))))];
      const ballots = rows.map((one, m) => ({
        mask: rowMask(submissions[m]!, one, sizeOf(row.imageName), dialect),
        weight: weights[m]!,
      }));
      await writer.write(row.imageName, row.className, formatRle(voteRuns(ballots, minimum), dialect.rle));
    }
    for (const lookup of lookups) {
      const more = await lookup.rest();
      if (more !== undefined) throw rowsDiffer(lookup.path, leader, 'the end', describe(more), more.line);
    }
  } finally {
    await Promise.all(lookups.map((lookup) => lookup[Symbol.asyncDispose]()));
  }
  const written = await writer.commit();
  await writeVoteManifest(written, {
    share,
    members: submissions.map((file, m) => ({ file, sha256: digests[m]!, weight: weights[m]! })),
  });
  return written;
}

async function takeOrFail(
  lookup: SubmissionLookup,
  row: SubmissionRow,
  leader: string,
): Promise<SubmissionRow> {
  const found = await lookup.take(row.imageName, row.className);
  if (found !== undefined) return found;
  throw rowsDiffer(lookup.path, leader, describe(row), 'no such row, or it was asked for twice');
}

function rowsDiffer(
  path: string,
  leader: string,
  expected: string,
  received: string,
  line?: number,
): PhalanxError {
  return new PhalanxError('vote/rows-differ', {
    what: 'The submissions do not have the same rows',
    where: line === undefined ? path : `${path}, line ${line}`,
    expected: `${expected} as in ${leader}`,
    received,
    fix: 'Run phalanx submission check on each of them',
  });
}

function describe(row: Pick<SubmissionRow, 'imageName' | 'className'>): string {
  return `"${row.imageName.slice(0, 200)}", "${row.className.slice(0, 200)}"`;
}

function checkOptions(submissions: readonly string[], weights: readonly number[], share: number): void {
  const fail = (expected: string, received: string): never => {
    throw new PhalanxError('vote/options', { what: 'The vote cannot be held', expected, received });
  };
  if (submissions.length < 2) fail('at least two submissions', String(submissions.length));
  if (weights.length !== submissions.length) {
    fail('one weight per submission', `${weights.length} for ${submissions.length}`);
  }
  const wrong = weights.find((weight) => !(weight > 0 && Number.isFinite(weight)));
  if (wrong !== undefined) fail('weights above 0', String(wrong));
  if (!(share >= 0 && share < 1)) fail('a share of the votes in [0, 1)', String(share));
}
