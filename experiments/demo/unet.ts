import { defineExperiment } from 'phalanx';

/** U-Net on a phantom, small enough to learn in two minutes on two cores. */
export default defineExperiment({
  description: 'The demo, first member: U-Net',
  data: { root: 'demo/data', imageSize: 192, folds: { count: 5 } },
  model: { decoder: { name: 'unet' }, encoder: { name: 'resnet18' } },
  loss: [{ name: 'bce', weight: 5 }, { name: 'dice' }],
  optimizer: { name: 'adamw', learningRate: 3e-3 },
  schedule: { name: 'oneCycle' },
  augmentation: [
    { name: 'HorizontalFlip', p: 0.5 },
    { name: 'RandomBrightnessContrast', p: 0.5 },
    { name: 'ShiftScaleRotate', p: 0.5 },
  ],
  training: { length: { steps: 360 }, batchSize: 4, validateEvery: 8 },
  seed: 1,
});
