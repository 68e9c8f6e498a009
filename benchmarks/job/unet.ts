import { defineExperiment } from 'phalanx';

/** What both sides of the benchmark do; `peer.py` says the same in Python. Data, weights and length come by `--set`. */
export default defineExperiment({
  description: 'The whole job of the benchmark',
  data: {
    root: 'data',
    imageSize: 512,
    interpolation: 'linear',
    folds: { count: 4, stratify: 'none' },
  },
  model: { decoder: { name: 'unet' }, encoder: { name: 'resnet34' } },
  loss: [{ name: 'bce', weight: 5 }, { name: 'dice' }],
  optimizer: { name: 'adamw', learningRate: 2e-4 },
  schedule: { name: 'oneCycle' },
  augmentation: [
    { name: 'HorizontalFlip', p: 0.5 },
    { name: 'Rotate', limit: 15, p: 0.5 },
    { name: 'RandomBrightnessContrast', p: 0.5 },
  ],
  training: {
    length: { steps: 60 },
    batchSize: 2,
    validateEvery: 1000,
    // The weights that both sides start from have it.
    outputPrior: false,
  },
  seed: 1,
});
