import type { SampleEntry } from '../data/dataset.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import type { MadeWith } from './provenance.ts';
import type { LogitStore } from './store/logitStore.ts';

/** One of the models that predict in the same pass over the images. */
export interface PredictedModel extends MadeWith {
  /** For messages. */
  readonly name: string;
  readonly model: Pick<SegmentationModel, 'forward' | 'sizeMultiple'>;
  /** The images it predicts: a test split, or the part of the training images that it has not seen. */
  readonly entries: readonly SampleEntry[];
  /** Where its logits go; whole files there that were made in the same way are kept. */
  readonly store: LogitStore;
}
