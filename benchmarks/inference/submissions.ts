/** Submissions: decoded, voted on and scored. */
import { join } from 'node:path';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';
import { readSubmission } from '../../src/inference/submission/submission.ts';
import { voteSubmissions } from '../../src/inference/submission/vote.ts';
import { decodeRle, rleDialects } from '../../src/labels/rle.ts';
import { release } from '../../src/pixels/memory.ts';
import { classes, fullSize } from '../data/material.ts';
import { calling } from '../data/work.ts';
import type { Conditions, DataWork, Measure } from '../data/work.ts';
import { ballotIn, models, predictionIn } from './material.ts';

/** Of the full suite's submissions: 288 images, 29 classes. */
const voteName = `hard vote over three CSVs of masks at ${fullSize}², per row`;

async function vote(conditions: Conditions): Promise<Measure> {
  const { folder } = conditions.material;
  const submissions = Array.from({ length: models }, (_, model) => ballotIn(folder, model));
  let votes = 0;
  // As many outputs as there may be votes at once.
  const once = () => voteSubmissions({ submissions, out: join(folder, `voted-${votes++ % 8}.csv`) });
  const { rows } = await once();
  return calling(conditions, once, rows);
}

/** Against what teams did. */
export const publishedVote: DataWork = {
  name: `${voteName}, as published`,
  goal: 0.01,
  ours: vote,
  peer: { module: 'submitting', modes: ['NumPy, as published'], options: { work: 'vote' } },
};

/** Against what they could have done. */
const frugalVote: DataWork = {
  name: `${voteName}, summed as bytes`,
  ours: vote,
  peer: { module: 'submitting', modes: ['NumPy, bytes, encode without copies'], options: { work: 'vote' } },
};

export const submissionWorks: readonly DataWork[] = [
  {
    name: `RLE-decode 29 masks at ${fullSize}²`,
    ours: async (conditions) => {
      const texts: string[] = [];
      for await (const { rle } of readSubmission(predictionIn(conditions.material.folder))) {
        if (texts.push(rle) === classes) break;
      }
      const context = { dialect: rleDialects.handBone, width: fullSize, height: fullSize };
      return calling(conditions, async () => release((await decodeRle(texts, context)).planes));
    },
    peer: { module: 'submitting', modes: ['NumPy, as published'], options: { work: 'decode' } },
  },
  publishedVote,
  frugalVote,
  {
    name: `score a submission at ${fullSize}², per image`,
    ours: async (conditions) => {
      const { folder, root, count } = conditions.material;
      const dataset = await readHandBone(root);
      return calling(conditions, () => scoreSubmission(predictionIn(folder), dataset, 'train'), count);
    },
    peer: {
      module: 'submitting',
      modes: ['OpenCV and NumPy', 'OpenCV and PyTorch, as the baseline validates'],
      options: { work: 'score' },
    },
  },
];
