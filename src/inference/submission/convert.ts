import { formatRle } from '../../labels/rle.ts';
import { turnRuns } from '../../labels/runOrder.ts';
import { anySize, needsSizes } from './dialects.ts';
import type { SizeOf, SubmissionDialect } from './dialects.ts';
import { readSubmission, rowMask } from './submission.ts';
import { SubmissionWriter } from './writer.ts';
import type { WrittenSubmission } from './writer.ts';

export interface ConvertOptions {
  readonly from: SubmissionDialect;
  readonly to: SubmissionDialect;
  readonly out: string;
  /** Sizes of the images; needed when pixels are counted along another axis, and for COCO's counts. */
  readonly sizeOf?: SizeOf;
  /** Name of the class where `from` has no column for it. */
  readonly className?: string;
  readonly signal?: AbortSignal;
}

/**
 * Writes a submission in another dialect, row by row, without decoding its masks.
 *
 * @throws PhalanxError `submission/size-unknown`, `submission/classes`, and what `readSubmission` throws. `out` is then as
 *   it was before.
 */
export async function convertSubmission(path: string, options: ConvertOptions): Promise<WrittenSubmission> {
  const { from, to, out, className, signal } = options;
  const turn = from.rle.order !== to.rle.order;
  const sized = turn || needsSizes(from) || needsSizes(to);
  const sizeOf = options.sizeOf ?? (() => (sized ? undefined : anySize));
  await using writer = await SubmissionWriter.open(out, to);
  for await (const row of readSubmission(path, from)) {
    signal?.throwIfAborted();
    const mask = rowMask(path, row, sizeOf(row.imageName), from);
    const name = from.columns.length === 2 ? (className ?? row.className) : row.className;
    await writer.write(row.imageName, name, formatRle(turn ? turnRuns(mask) : mask, to.rle));
  }
  return await writer.commit();
}
