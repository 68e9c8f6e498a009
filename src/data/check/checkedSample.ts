import type { SampleEntry, Split } from '../dataset.ts';
import type { ImageFacts } from './imageFacts.ts';
import type { LabelFacts } from './labelFacts.ts';

/** An image of a dataset after it was read once: what the rules that compare images work on. */
export interface CheckedSample {
  readonly split: Split;
  readonly entry: SampleEntry;
  /** Undefined if the image cannot be read. */
  readonly image?: ImageFacts;
  /** Undefined without an annotation, or if it cannot be read. */
  readonly labels?: LabelFacts;
}

/** The sample as a person would look it up. */
export function placeOf({ split, entry: { person, id } }: CheckedSample): string {
  return `${split} ${person} ${id}`;
}

/** The file that an annotation's defect is about. */
export function annotationOf({ entry }: CheckedSample): string {
  return entry.annotationPath ?? entry.imagePath;
}
