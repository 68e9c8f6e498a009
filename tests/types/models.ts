import { buildModel } from '../../src/models/buildModel.ts';
import type { ModelOptions } from '../../src/models/modelSchema.ts';

/** Compiled, never run: each marked line must fail to compile. */
export function modelOptions(): void {
  const image = { inChannels: 1, classes: 29 };

  buildModel({ decoder: { name: 'unet' }, encoder: { name: 'resnet18' }, ...image });
  buildModel({
    decoder: {
      name: 'unetplusplus',
      attentionType: 'scse',
      channels: [64, 32, 16],
      interpolation: 'bilinear',
    },
    encoder: { name: 'resnet34', depth: 3 },
    ...image,
  });
  buildModel({
    decoder: { name: 'fcn', dropout: 0.2, auxiliary: false },
    encoder: { name: 'resnet50' },
    ...image,
  });
  buildModel({ decoder: { name: 'fcn' }, encoder: { name: 'resnext101_32x8d' }, ...image });
  buildModel({
    decoder: { name: 'unet' },
    encoder: { name: 'efficientnet-b0', depth: 4, dropConnect: 0.1 },
    ...image,
  });
  buildModel({ decoder: { name: 'unet-original', layout: 'mirrored', padding: true }, ...image });

  // @ts-expect-error a whole network takes no encoder
  buildModel({ decoder: { name: 'unet-original' }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error a decoder needs an encoder
  buildModel({ decoder: { name: 'unet' }, ...image });
  // @ts-expect-error a misspelt decoder
  buildModel({ decoder: { name: 'unetpluplus' }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error a misspelt encoder
  buildModel({ decoder: { name: 'unet' }, encoder: { name: 'resnet81' }, ...image });
  // @ts-expect-error a misspelt option
  buildModel({ decoder: { name: 'unet', attentiontype: 'scse' }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error an unknown value
  buildModel({ decoder: { name: 'unet', attentionType: 'cbam' }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error an option of another decoder
  buildModel({ decoder: { name: 'unet', dropout: 0.1 }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error the original U-Net++ has no center
  buildModel({ decoder: { name: 'unetplusplus', center: true }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error a depth no encoder has
  buildModel({ decoder: { name: 'unet' }, encoder: { name: 'resnet18', depth: 6 }, ...image });
  // @ts-expect-error torchvision dilates no basic blocks
  buildModel({ decoder: { name: 'fcn' }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error poolings cannot be dilated
  buildModel({ decoder: { name: 'fcn' }, encoder: { name: 'vgg16_bn' }, ...image });
  // @ts-expect-error torchvision dilates no EfficientNet
  buildModel({ decoder: { name: 'fcn' }, encoder: { name: 'efficientnet-b0' }, ...image });
  // @ts-expect-error an option of another encoder
  buildModel({ decoder: { name: 'unet' }, encoder: { name: 'resnet18', dropConnect: 0 }, ...image });
  // @ts-expect-error fcn uses every stage
  buildModel({ decoder: { name: 'fcn' }, encoder: { name: 'resnet50', depth: 4 }, ...image });
  // @ts-expect-error classes are needed
  buildModel({ decoder: { name: 'unet' }, encoder: { name: 'resnet18' }, inChannels: 1 });

  const encoder = { name: 'resnet34', depth: 4 } as const;
  // @ts-expect-error not a key of a model
  const misspelt: ModelOptions = { decoder: { name: 'unet' }, encoder, inChannels: 1, classes: 29, depth: 4 };
  buildModel(misspelt);
}
