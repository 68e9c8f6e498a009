import { defineEnsemble } from 'phalanx';

/** Weights, thresholds and post-processing as the validation folds say; a fifth of the people judges them. */
export default defineEnsemble({
  output: 'hand-bone-search',
  members: [{ run: 'hand-bone/unetpp-resnet34-512' }, { run: 'hand-bone/fcn-resnet50-512' }],
  tta: 'hflip',
  weights: { search: {} },
});
