import { extendExperiment } from 'phalanx';
import base from './unetpp-resnet34-512.ts';

/** torchvision's FCN with its auxiliary head: errs elsewhere than U-Net++, which is what an ensemble lives on. */
export default extendExperiment(base, {
  description: 'FCN on a dilated ResNet-50 at 512 px',
  model: { decoder: { name: 'fcn', auxiliary: true }, encoder: { name: 'resnet50' } },
  schedule: { name: 'poly', power: 0.9, warmupSteps: 200 },
  training: { batchSize: 4, accumulate: 2, auxiliaryWeight: 0.5 },
});
