import { PhalanxError } from '../../core/errors.ts';
import { formatRle, rleDialects } from '../../labels/rle.ts';
import { voteRuns } from '../../labels/runs.ts';
import { readSubmission, rowMask } from './submission.ts';
import type { SubmissionRow } from './submission.ts';
import { SubmissionWriter } from './writer.ts';
import type { WrittenSubmission } from './writer.ts';

export interface VoteOptions {
  /** Submissions with the same rows in the same order. */
  readonly submissions: readonly string[];
  readonly out: string;
  /** One per submission, above 0; all 1 by default. */
  readonly weights?: readonly number[];
  /** A pixel is foreground when its voters' weights exceed this share of all, in [0, 1); 0.5 by default. */
  readonly share?: number;
  readonly signal?: AbortSignal;
}

/** The images' size is not needed to merge runs: one line as long as positions go stands for any of them. */
const anyWidth = 0xffffffff;

/**
 * Hard vote over submissions, row by row, by merging runs: no mask is decoded, and memory does not grow with their
 * length.
 *
 * @throws PhalanxError `vote/options`, `vote/rows-differ` when the submissions disagree about a row, and what
 *   `readSubmission` throws. `out` is then as it was before.
 */
export async function voteSubmissions(options: VoteOptions): Promise<WrittenSubmission> {
  const { submissions, out, signal } = options;
  const share = options.share ?? 0.5;
  const weights = options.weights ?? submissions.map(() => 1);
  checkOptions(submissions, weights, share);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Sums of weights such as 0.1 are inexact: a tie must not win by a rounding error.
  const minimum = total * (share + 1e-9);
  const readers = submissions.map((path) => readSubmission(path));
  await using writer = await SubmissionWriter.open(out);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const rows: (SubmissionRow | undefined)[] = [];
      for (const reader of readers) {
        const next = await reader.next();
        rows.push(next.done === true ? undefined : next.value);
      }
      const agreed = requireSameRow(rows, submissions);
      if (agreed === undefined) return await writer.commit();
      const ballots = agreed.map((row, m) => ({
        mask: rowMask(submissions[m]!, row, anyWidth, 1),
        weight: weights[m]!,
      }));
      const rle = formatRle(voteRuns(ballots, minimum), rleDialects.handBone);
      await writer.write(agreed[0]!.imageName, agreed[0]!.className, rle);
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.return(undefined)));
  }
}

/** The rows when all are of one image and class, undefined when all submissions have ended. */
function requireSameRow(
  rows: readonly (SubmissionRow | undefined)[],
  paths: readonly string[],
): readonly SubmissionRow[] | undefined {
  const first = rows[0];
  const other = rows.findIndex(
    (row) => row?.imageName !== first?.imageName || row?.className !== first?.className,
  );
  if (other < 0) return first === undefined ? undefined : (rows as readonly SubmissionRow[]);
  throw new PhalanxError('vote/rows-differ', {
    what: 'The submissions do not have the same rows in the same order',
    where: `${paths[other]!}, line ${rows[other]?.line ?? 'after the last'}`,
    expected: `${describe(first)} as in ${paths[0]!}`,
    received: describe(rows[other]),
    fix: 'Run phalanx submission check on each of them',
  });
}

function describe(row: SubmissionRow | undefined): string {
  return row === undefined ? 'the end' : `"${row.imageName.slice(0, 200)}", "${row.className.slice(0, 200)}"`;
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
