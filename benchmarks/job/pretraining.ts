import { extendExperiment } from 'phalanx';
import unet from './unet.ts';

/** Makes the weights that both sides start from, on small pictures of other people. */
export default extendExperiment(unet, {
  description: 'First weights of the benchmark',
  data: { imageSize: 192, interpolation: 'area' },
  optimizer: { learningRate: 3e-3 },
  training: { length: { steps: 200 }, batchSize: 2, outputPrior: true, precision: 'float32' },
});
