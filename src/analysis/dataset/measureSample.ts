import { imageFacts } from '../../data/check/imageFacts.ts';
import type { ImageFacts } from '../../data/check/imageFacts.ts';
import { labelFacts } from '../../data/check/labelFacts.ts';
import type { LabelFacts } from '../../data/check/labelFacts.ts';
import type { Dataset, SampleEntry, Split } from '../../data/dataset.ts';
import { errorDefect } from '../../data/defect.ts';
import type { Defect } from '../../data/defect.ts';
import { wristAngle } from '../../data/handBone/wristAngle.ts';
import { tilt } from '../../labels/tilt.ts';

/** What an analysis remembers of one image: a few kilobytes. */
export interface MeasuredSample {
  readonly split: Split;
  readonly entry: SampleEntry;
  readonly image: ImageFacts;
  /** Undefined without an annotation, or if it cannot be read. */
  readonly labels?: LabelFacts;
  /** Degrees; see `tilt`. */
  readonly tilt?: number;
  /** Degrees; see `wristAngle`. */
  readonly wristAngle?: number;
}

/** A sample as far as it can be read, and what cannot be. */
export interface Measurement {
  readonly sample?: MeasuredSample;
  readonly defects: readonly Defect[];
}

export async function measureSample(
  dataset: Pick<Dataset, 'classes' | 'readImage' | 'readLabels'>,
  split: Split,
  entry: SampleEntry,
): Promise<Measurement> {
  let sample: MeasuredSample;
  try {
    sample = { split, entry, image: await imageFacts(await dataset.readImage(entry)) };
  } catch (thrown) {
    return { defects: [errorDefect(thrown, entry.imagePath)] };
  }
  if (entry.annotationPath === undefined) return { sample, defects: [] };
  try {
    const labels = await dataset.readLabels(entry);
    const [facts, wrist] = await Promise.all([labelFacts(labels), wristAngle(labels, dataset.classes)]);
    const lean = tilt(labels);
    return {
      sample: {
        ...sample,
        labels: facts,
        ...(lean === undefined ? {} : { tilt: lean }),
        ...(wrist === undefined ? {} : { wristAngle: wrist }),
      },
      defects: [],
    };
  } catch (thrown) {
    return { sample, defects: [errorDefect(thrown, entry.annotationPath)] };
  }
}
