import { extendExperiment } from 'phalanx';
import base from './unetpp-resnet34-512.ts';

/** With images made beforehand: `phalanx augment offline hand-bone/unetpp-offline-512`, then train. */
export default extendExperiment(base, {
  description: 'U-Net++ with offline mosaics and rotations',
  data: { offline: ['data/hand-bone-offline'] },
  offline: { directory: 'data/hand-bone-offline', mosaic: { count: 400 }, rotation: { count: 400 } },
});
