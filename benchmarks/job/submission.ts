import { defineEnsemble } from 'phalanx';

/** One member with flip test-time augmentation: the benchmark's submission. */
export default defineEnsemble({
  output: 'phalanx',
  members: [{ run: 'job' }],
  tta: 'hflip',
});
