import { extendExperiment } from 'phalanx';
import unet from './unet.ts';

/** As `unet.ts`, with U-Net++. */
export default extendExperiment(unet, {
  description: 'The demo, second member: U-Net++',
  model: { decoder: { name: 'unetplusplus' } },
  seed: 2,
});
