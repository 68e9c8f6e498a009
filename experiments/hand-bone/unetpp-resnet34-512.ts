import { defineExperiment } from 'phalanx';

/** U-Net++ at 512 px: the workhorse to compare everything else with. */
export default defineExperiment({
  description: 'Baseline: U-Net++ on ResNet-34 at 512 px',
  data: { root: 'data/hand-bone', imageSize: 512, folds: { count: 5, stratify: 'sex' } },
  model: { decoder: { name: 'unetplusplus' }, encoder: { name: 'resnet34' } },
  loss: [{ name: 'bce', weight: 5 }, { name: 'dice' }],
  optimizer: { name: 'adamw', learningRate: 1e-3, weightDecay: 1e-4 },
  schedule: { name: 'oneCycle' },
  augmentation: [
    { name: 'HorizontalFlip', p: 0.5 },
    { name: 'ShiftScaleRotate', shiftLimit: 0.05, scaleLimit: 0.1, rotateLimit: 30, p: 0.7 },
    { name: 'RandomBrightnessContrast', p: 0.5 },
    {
      name: 'OneOf',
      transforms: [
        { name: 'CLAHE', p: 1 },
        { name: 'Sharpen', p: 1 },
        { name: 'Emboss', p: 1 },
      ],
      p: 0.5,
    },
  ],
  training: { length: { epochs: 60 }, batchSize: 8, validateEvery: 5, clipNorm: 1, patience: 6 },
  seed: 21,
});
