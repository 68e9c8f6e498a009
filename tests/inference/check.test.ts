import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { checkSubmission } from '../../src/inference/submission/check.ts';
import { longestAscending } from '../../src/inference/submission/longestAscending.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { submissionLines, syntheticDataset } from './syntheticDataset.ts';
import type { SyntheticDataset } from './syntheticDataset.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('checkSubmission', () => {
  let dataset: SyntheticDataset;
  beforeEach(async () => {
    dataset = await syntheticDataset(join(folder, 'data'));
  });

  it('finds nothing in a perfect submission', async () => {
    const path = await write(join(folder, 'a.csv'), `${submissionLines(dataset).join('\n')}\n`);
    expect(await checkSubmission(path, dataset)).toEqual({
      path,
      rows: 12,
      expectedRows: 12,
      emptyShare: 0,
      defects: [],
      unlisted: 0,
      valid: true,
    });
  });

  it('lists every defect at once', async () => {
    const lines = submissionLines(dataset);
    lines[0] = 'image,class,rle';
    lines[1] = 'image0.png,class-0,1 2 x';
    lines[2] = 'image0.png,class-1,1199 3';
    lines[3] = 'image0.png,class-2,5 3 6 1';
    lines[4] = 'image0.png,clas-3,';
    lines[5] = 'imagge1.png,class-0,';
    lines[6] = 'image1.png,class-1';
    [lines[7], lines[8]] = [lines[8]!, lines[7]!];
    lines[10] = lines[9]!;
    lines.push('');
    const path = await write(join(folder, 'a.csv'), `${lines.join('\n')}\n`);
    const { defects, valid } = await checkSubmission(path, dataset);
    expect(valid).toBe(false);
    expect(defects.map(({ kind, line, what }) => [kind, line, what])).toEqual([
      ['header', 1, 'the header "image,class,rle" where "image_name,class,rle" belongs'],
      ['rle', 2, expect.stringContaining('character 5: expected digits and spaces, received "x"')],
      ['rle', 3, expect.stringContaining('beyond the image at character 1')],
      ['rle', 4, expect.stringContaining('overlap or are out of order at character 5')],
      ['unknown', 5, 'unknown class "clas-3" (nearest: "class-3")'],
      ['unknown', 6, 'unknown image "imagge1.png" (nearest: "image1.png")'],
      ['row', 7, '2 fields where 3 belong'],
      ['duplicate', 11, '"image2.png", "class-0" again, first seen on line 10'],
      ['row', 14, '1 field where 3 belong'],
      ['order', 8, '"image1.png", "class-3" is out of order'],
      ['missing', undefined, '"image0.png" lacks rows of class-3'],
      ['missing', undefined, '"image1.png" lacks rows of class-0, class-1'],
      ['missing', undefined, '"image2.png" lacks rows of class-1'],
      ['row-count', undefined, '13 rows where 12 belong (3 images × 4 classes)'],
    ]);
  });

  it('notices that the header is missing without losing the first row', async () => {
    const path = await write(join(folder, 'a.csv'), submissionLines(dataset).slice(1).join('\n'));
    const { defects } = await checkSubmission(path, dataset);
    expect(defects.map(({ kind }) => kind)).toEqual(['header']);
  });

  it('warns of masks that are suspiciously empty', async () => {
    const many = await syntheticDataset(join(folder, 'many'), { images: 12, classes: 2 });
    const lines = submissionLines(many);
    lines[1] = 'image0.png,class-0,';
    lines[5] = 'image2.png,class-0,';
    lines[6] = 'image2.png,class-1,';
    const path = await write(join(folder, 'a.csv'), lines.join('\n'));
    const { defects, valid, emptyShare } = await checkSubmission(path, many);
    expect(valid).toBe(true);
    expect(emptyShare).toBe(3 / 24);
    expect(defects.map(({ what }) => what)).toEqual(['every mask of "image2.png" is empty']);
    lines[1] = submissionLines(many)[1]!;
    lines[6] = submissionLines(many)[6]!;
    const again = await checkSubmission(await write(join(folder, 'b.csv'), lines.join('\n')), many);
    expect(again.defects.map(({ what, line }) => [what, line])).toEqual([
      ['"image2.png", "class-0" is empty, as in few images', 6],
    ]);
  });

  it('bounds what it remembers of a file of nothing but defects', async () => {
    const path = await write(
      join(folder, 'a.csv'),
      `image_name,class,rle\n${'nobody.png,class-0,1 x\n'.repeat(5000)}`,
    );
    const { defects, unlisted } = await checkSubmission(path, dataset);
    expect(defects.filter(({ kind }) => kind === 'unknown')).toHaveLength(1000);
    expect(unlisted).toBe(8000);
  });

  it('reads binary noise as defects', async () => {
    const random = Random.from('noise');
    const noise = Uint8Array.from({ length: 300_000 }, () => random.integer(0, 256));
    const path = join(folder, 'noise.csv');
    await writeFile(path, noise);
    expect((await checkSubmission(path, dataset)).valid).toBe(false);
  });
});

describe('longestAscending', () => {
  it('keeps as many as can be kept', () => {
    expect([...longestAscending([9, 0, 1, 5, 2, 3, 4])]).toEqual([0, 1, 1, 0, 1, 1, 1]);
    expect([...longestAscending([])]).toEqual([]);
  });
});
