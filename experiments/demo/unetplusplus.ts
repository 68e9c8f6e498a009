import { extendExperiment } from 'phalanx';
import unet from './unet.ts';

/** As `unet.ts`, with U-Net++. */
export default extendExperiment(unet, {
  description: 'The demo, second member: U-Net++',
  model: { decoder: { name: 'unetplusplus', channels: [128, 64, 32, 16] } },
  seed: 2,
});
