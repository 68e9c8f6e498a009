import { PhalanxError } from '../../core/errors.ts';
import { createLabelMap } from '../../labels/labelMap.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { paintRuns } from '../../labels/runs.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { submissionDialects } from './dialects.ts';
import type { SubmissionDialect } from './dialects.ts';
import { readSubmission, rowMask } from './submission.ts';

/**
 * What a submission says about one image, as a label map.
 *
 * @param size of the image, pixels.
 * @throws PhalanxError `submission/rows` when the image has no rows or a class the dataset does not have;
 *   `submission/malformed`, `labels/rle`.
 */
export async function readSubmissionLabels(
  path: string,
  image: string,
  classes: readonly string[],
  size: ImageSize,
  dialect: SubmissionDialect = submissionDialects['hand-bone'],
): Promise<LabelMap> {
  const labels = createLabelMap(size.width, size.height, classes.length);
  let rows = 0;
  for await (const row of readSubmission(path, dialect)) {
    if (row.imageName !== image) continue;
    const c = classes.indexOf(row.className);
    if (c < 0) throw wrongRows(path, 'one of the classes of the dataset', row.className);
    rows++;
    paintRuns(labels, c, rowMask(path, row, size, dialect));
  }
  if (rows === 0) throw wrongRows(path, `rows of "${image}"`, 'none');
  return labels;
}

function wrongRows(where: string, expected: string, received: string): PhalanxError {
  return new PhalanxError('submission/rows', {
    what: 'The submission does not fit the dataset',
    where,
    expected,
    received,
    fix: 'List every defect with: phalanx submission check',
  });
}
