import { defineExperiment } from 'phalanx';

/** U-Net on a phantom: small enough to learn 29 bones in two minutes on two cores. */
export default defineExperiment({
  description: 'The demo, first member: U-Net',
  data: { root: 'demo/data', imageSize: 224 },
  model: {
    decoder: { name: 'unet', channels: [128, 64, 32, 16] },
    encoder: { name: 'resnet18', depth: 4 },
  },
  loss: [{ name: 'bce', weight: 5 }, { name: 'dice' }],
  optimizer: { name: 'adamw', learningRate: 3e-3 },
  schedule: { name: 'oneCycle' },
  augmentation: [
    { name: 'HorizontalFlip', p: 0.5 },
    { name: 'ShiftScaleRotate', p: 0.8 },
    { name: 'RandomBrightnessContrast', brightnessLimit: [-0.4, 0.4], contrastLimit: [-0.4, 0.4], p: 0.5 },
  ],
  training: { length: { steps: 400 }, batchSize: 4, validateEvery: 10 },
  seed: 1,
});
