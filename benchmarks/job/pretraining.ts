import { extendExperiment } from 'phalanx';
import unet from './unet.ts';

/** Makes the weights that both sides start from, on small pictures of other people; then come pictures twice as large. */
export default extendExperiment(unet, {
  description: 'First weights of the benchmark',
  data: { imageSize: 128, interpolation: 'area' },
  optimizer: { learningRate: 3e-3 },
  training: { length: { steps: 200 }, batchSize: 4, outputPrior: true },
});
