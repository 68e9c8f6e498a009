import { extendExperiment } from 'phalanx';
import base from './unetpp-resnet34-512.ts';

/** Twice the resolution: thin bones and borders are where the last points are. */
export default extendExperiment(base, {
  description: 'U-Net++ on ResNet-34 at 1024 px',
  data: { imageSize: 1024 },
  training: { batchSize: 2, accumulate: 4 },
});
