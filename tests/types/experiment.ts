import { defineEnsemble, defineExperiment, extendExperiment } from '../../src/index.ts';
import type { TtaSpec } from '../../src/index.ts';

/** Compiled, never run: each marked line must fail to compile. */
export function declarations(): void {
  const data = { root: 'data', imageSize: 512 };
  const model = { decoder: { name: 'unet' }, encoder: { name: 'resnet34' } } as const;
  const loss = { name: 'dice' } as const;
  const optimizer = { name: 'adamw', learningRate: 1e-3 } as const;
  const schedule = { name: 'oneCycle' } as const;
  const training = { length: { epochs: 50 }, batchSize: 4 };
  const base = { data, model, loss, optimizer, schedule, training };

  const experiment = defineExperiment(base);
  defineExperiment({
    description: 'every part with options',
    data: {
      root: 'data',
      imageSize: { width: 512, height: 384 },
      channels: 1,
      interpolation: 'linear',
      normalization: { mean: [0.5], std: [0.25] },
      folds: { count: 4, stratify: 'none', seed: 3 },
      offline: ['offline/mosaic'],
      exclude: ['ID001'],
    },
    model: {
      decoder: { name: 'unetplusplus', attentionType: 'scse' },
      encoder: { name: 'resnet50' },
      weights: 'imagenet.safetensors',
    },
    loss: [
      { name: 'bce', weight: 5, posWeight: 2 },
      { name: 'dice', smooth: 1 },
      { name: 'focal', gamma: 2 },
    ],
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9 },
    schedule: { name: 'constant' },
    augmentation: [
      { name: 'HorizontalFlip', p: 0.5 },
      { name: 'OneOf', transforms: [{ name: 'Emboss' }, { name: 'Sharpen', p: 0.3 }] },
    ],
    mixing: [
      { name: 'CopyPaste', classes: [1, 2], p: 0.3 },
      { name: 'OneOf', transforms: [{ name: 'CutMix' }, { name: 'MixUp', alpha: 0.2 }] },
    ],
    offline: {
      directory: 'made',
      ricap: { count: 3 },
      copyPaste: { count: 3, classes: [1, 4] },
      variants: [{ transform: { name: 'CLAHE', p: 1 }, count: 3 }],
    },
    training: {
      length: { steps: 100 },
      batchSize: 2,
      precision: 'bfloat16',
      patience: 3,
      batchAugmentation: { flip: 'both', rotate: 20, noise: 3 },
    },
    tracking: { mlflow: { uri: 'http://localhost:5000' } },
    seed: 3,
  });
  defineExperiment({
    ...base,
    model: { decoder: { name: 'fcn', dropout: 0.2 }, encoder: { name: 'resnet50' } },
  });
  defineExperiment({ ...base, model: { decoder: { name: 'unet-original', padding: true } } });

  // @ts-expect-error a network for volumes does not train on images
  defineExperiment({ ...base, model: { decoder: { name: 'unet3d' } } });
  // @ts-expect-error a whole network takes no encoder
  defineExperiment({ ...base, model: { ...model, decoder: { name: 'unet-original', padding: true } } });
  // @ts-expect-error a decoder needs an encoder
  defineExperiment({ ...base, model: { decoder: { name: 'unet' } } });

  // @ts-expect-error a misspelt key
  defineExperiment({ ...base, optimiser: optimizer });
  // @ts-expect-error a misspelt key further in
  defineExperiment({ ...base, data: { root: 'data', imgSize: 512 } });
  // @ts-expect-error data is needed
  defineExperiment({ model, loss, optimizer, schedule, training });
  // @ts-expect-error a size of text
  defineExperiment({ ...base, data: { root: 'data', imageSize: '512' } });
  // @ts-expect-error channels of text
  defineExperiment({ ...base, data: { ...data, channels: 'rgb' } });
  // @ts-expect-error an unknown encoder
  defineExperiment({ ...base, model: { decoder: { name: 'unet' }, encoder: { name: 'resnet43' } } });
  // @ts-expect-error an unknown decoder
  defineExperiment({ ...base, model: { decoder: { name: 'unett' }, encoder: { name: 'resnet34' } } });
  // @ts-expect-error an option that encoders do not have
  defineExperiment({ ...base, model: { ...model, encoder: { name: 'resnet34', dept: 4 } } });
  // @ts-expect-error a depth that encoders do not have
  defineExperiment({ ...base, model: { ...model, encoder: { name: 'resnet34', depth: 9 } } });
  // @ts-expect-error fcn needs an encoder that dilates
  defineExperiment({ ...base, model: { decoder: { name: 'fcn' }, encoder: { name: 'resnet18' } } });
  // @ts-expect-error an option of another decoder
  defineExperiment({ ...base, model: { ...model, decoder: { name: 'unet', dropout: 0.1 } } });
  // @ts-expect-error a mix that there is not
  defineExperiment({ ...base, mixing: [{ name: 'CutMax' }] });
  // @ts-expect-error an option of another mix
  defineExperiment({ ...base, mixing: [{ name: 'CutMix', beta: 1 }] });
  // @ts-expect-error a transform of single samples is no mix
  defineExperiment({ ...base, mixing: [{ name: 'CLAHE' }] });
  // @ts-expect-error an unknown kind of flip
  defineExperiment({ ...base, training: { ...training, batchAugmentation: { flip: 'left' } } });
  // @ts-expect-error a variant without a transform
  defineExperiment({ ...base, offline: { directory: 'made', variants: [{ count: 3 }] } });
  // @ts-expect-error an unknown loss
  defineExperiment({ ...base, loss: { name: 'dise' } });
  // @ts-expect-error an option of another loss
  defineExperiment({ ...base, loss: [{ name: 'dice', posWeight: 3 }] });
  // @ts-expect-error an unknown optimizer
  defineExperiment({ ...base, optimizer: { name: 'adamv', learningRate: 1e-3 } });
  // @ts-expect-error an option of another optimizer
  defineExperiment({ ...base, optimizer: { name: 'adamw', learningRate: 1e-3, momentum: 0.9 } });
  // @ts-expect-error a learning rate is needed
  defineExperiment({ ...base, optimizer: { name: 'adamw' } });
  // @ts-expect-error an unknown schedule
  defineExperiment({ ...base, schedule: { name: 'cosin' } });
  // @ts-expect-error an unknown transform
  defineExperiment({ ...base, augmentation: [{ name: 'HorizontalFlop' }] });
  // @ts-expect-error a probability of text
  defineExperiment({ ...base, augmentation: [{ name: 'HorizontalFlip', p: '0.5' }] });
  // @ts-expect-error a limit of text
  defineExperiment({ ...base, augmentation: [{ name: 'Rotate', limit: 'far' }] });
  // @ts-expect-error a misspelt parameter of a transform
  defineExperiment({ ...base, augmentation: [{ name: 'Rotate', limt: 30 }] });
  // @ts-expect-error a length of neither epochs nor steps
  defineExperiment({ ...base, training: { ...training, length: { stesp: 5 } } });
  // @ts-expect-error an unknown precision
  defineExperiment({ ...base, training: { ...training, precision: 'float23' } });

  extendExperiment(experiment, { data: { imageSize: 1024 }, seed: 4 });
  extendExperiment(experiment, { model: { decoder: { name: 'unetplusplus' } } });
  // @ts-expect-error a misspelt key
  extendExperiment(experiment, { sead: 4 });
  // @ts-expect-error a misspelt key further in
  extendExperiment(experiment, { training: { batchsize: 4 } });
  // @ts-expect-error an unknown name
  extendExperiment(experiment, { model: { encoder: { name: 'resnet43' } } });

  defineEnsemble({ output: 'best', members: [{ run: 'hand-bone/unet' }] });
  defineEnsemble({
    output: 'best',
    members: [{ run: 'a', weight: 2 }, { run: 'b' }],
    tta: {
      transforms: [{ name: 'Rotate90' }, { name: 'Scale', scales: [0.75, 1.25] }],
      merge: { of: 'probabilities', type: 'gmean' },
    },
    threshold: { 'finger-1': 0.4 },
  });
  // @ts-expect-error members are needed
  defineEnsemble({ output: 'best' });
  // @ts-expect-error a member is an object
  defineEnsemble({ output: 'best', members: ['hand-bone/unet'] });
  // @ts-expect-error a misspelt key of a member
  defineEnsemble({ output: 'best', members: [{ rnu: 'a' }] });
  // @ts-expect-error a misspelt key
  defineEnsemble({ output: 'best', members: [{ run: 'a' }], thrshold: 0.4 });
  // @ts-expect-error a misspelt view
  defineEnsemble({ output: 'best', members: [{ run: 'a' }], tta: 'hfilp' });
  const tta = { transforms: [{ name: 'VerticalFlip' }] } as const;
  // @ts-expect-error a geometric mean of logits
  const wrong: TtaSpec = { ...tta, merge: { of: 'logits', type: 'gmean' } };
  defineEnsemble({ output: 'best', members: [{ run: 'a' }], tta: wrong });
}
