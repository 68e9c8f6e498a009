import { extendExperiment } from 'phalanx';
import base from './fcn-resnet50-512.ts';

/** FCN at twice the resolution. */
export default extendExperiment(base, {
  description: 'FCN on a dilated ResNet-50 at 1024 px',
  data: { imageSize: 1024 },
  training: { batchSize: 1, accumulate: 8 },
});
