import type { Dataset } from '../dataset.ts';
import type { Defect } from '../defect.ts';

/** A dataset that has been listed, with what is wrong with the arrangement of its files. */
export interface Listing {
  readonly dataset: Dataset;
  readonly defects: readonly Defect[];
}
