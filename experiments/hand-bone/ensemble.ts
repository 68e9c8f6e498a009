import { defineEnsemble } from 'phalanx';

/** Two architectures and two resolutions, each seeing every image and its mirror image. */
export default defineEnsemble({
  output: 'unetpp-fcn',
  members: [
    { run: 'hand-bone/unetpp-resnet34-1024', weight: 2 },
    { run: 'hand-bone/unetpp-resnet34-512' },
    { run: 'hand-bone/fcn-resnet50-512' },
  ],
  tta: 'hflip',
  threshold: 0.4,
});
