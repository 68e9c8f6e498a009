import { encodeWork, upsampleWork } from '../data/masks.ts';
import type { DataWork } from '../data/work.ts';
import { ensembleWorks } from './ensemble.ts';
import { submissionWorks } from './submissions.ts';

/** Every row of the suite; works are as those of the data suite, and two of them are its own. */
export const inferenceWorks: readonly DataWork[] = [
  upsampleWork,
  ...ensembleWorks,
  encodeWork,
  ...submissionWorks,
];
