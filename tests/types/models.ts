import { buildModel } from '../../src/models/buildModel.ts';
import { buildVolumeModel } from '../../src/models/volumes/buildVolumeModel.ts';
import type { DecoderOptions } from '../../src/models/decoders/options.ts';
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
  buildModel({ decoder: { name: 'unet' }, encoder: { name: 'mit_b0', dropPath: 0.2 }, ...image });
  buildModel({ decoder: { name: 'lraspp' }, encoder: { name: 'mobilenet_v3_large' }, ...image });

  buildModel({
    decoder: { name: 'unet3plus', catChannels: 32, deepSupervision: [1, 0.5, 0.25, 0.25] },
    encoder: { name: 'resnet18' },
    ...image,
  });
  buildModel({ decoder: { name: 'attention-unet' }, encoder: { name: 'resnet18', depth: 4 }, ...image });
  buildModel({
    decoder: { name: 'fpn', deepSupervision: [0.1, 0.2, 0.3, 0.4] },
    encoder: { name: 'resnet18' },
    ...image,
  });
  buildVolumeModel({ decoder: { name: 'unet3d', fMaps: [8, 16], upsample: 'trilinear' }, ...image });
  // @ts-expect-error a network for volumes takes no images
  buildModel({ decoder: { name: 'unet3d' }, ...image });
  // @ts-expect-error a decoder for images takes no volumes
  buildVolumeModel({ decoder: { name: 'light-unet' }, ...image });
  // @ts-expect-error an order of layers that it does not have
  buildVolumeModel({ decoder: { name: 'unet3d', layerOrder: 'rcg' }, ...image });

  buildModel({
    decoder: { name: 'multi-input-unet', inputs: [1, 2], fusion: 'attention', attentionType: 'scse' },
    encoder: { name: 'resnet18', depth: 4 },
    inChannels: 3,
    classes: 1,
  });
  buildModel({
    decoder: { name: 'dual-branch-unet', boundaryWeight: 0.5, boundaryGuidance: false },
    encoder: { name: 'mit_b0' },
    ...image,
  });
  const fusion: DecoderOptions<'multi-input-unet'> = {
    name: 'multi-input-unet',
    // @ts-expect-error a way to fuse that it does not have
    fusion: 'max',
  };
  buildModel({ decoder: fusion, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error an option of another decoder
  const inputs: DecoderOptions<'unet'> = { name: 'unet', inputs: [1, 2] };
  buildModel({ decoder: inputs, encoder: { name: 'resnet18' }, ...image });

  // @ts-expect-error the decoder has no feature maps to supervise
  buildModel({ decoder: { name: 'unet', deepSupervision: true }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error an option of another decoder
  const attention: DecoderOptions<'attention-unet'> = { name: 'attention-unet', attentionType: 'scse' };
  buildModel({ decoder: attention, encoder: { name: 'resnet18' }, ...image });
  buildModel({ decoder: { name: 'luna-unet', depth: 4, wf: 5, upMode: 'upsample' }, ...image });
  buildModel({ decoder: { name: 'light-unet', channels: [16, 32, 64] }, ...image });
  // @ts-expect-error a way to enlarge that it does not have
  buildModel({ decoder: { name: 'luna-unet', upMode: 'nearest' }, ...image });
  // @ts-expect-error a whole network takes no encoder
  buildModel({ decoder: { name: 'unet-original' }, encoder: { name: 'resnet18' }, ...image });
  // @ts-expect-error a decoder needs an encoder
  buildModel({ decoder: { name: 'unet' }, ...image });
  buildModel({
    decoder: {
      name: 'deeplabv3plus',
      encoderOutputStride: 8,
      atrousRates: [6, 12, 18],
      auxParams: { classes: 2, pooling: 'max' },
    },
    encoder: { name: 'mit_b0' },
    ...image,
  });
  buildModel({ decoder: { name: 'pan', encoderOutputStride: 32 }, encoder: { name: 'vgg11' }, ...image });

  // @ts-expect-error a VGG cannot be dilated
  buildModel({ decoder: { name: 'deeplabv3' }, encoder: { name: 'vgg11' }, ...image });
  // @ts-expect-error nor can a DenseNet
  buildModel({ decoder: { name: 'deeplabv3plus' }, encoder: { name: 'densenet121' }, ...image });
  // @ts-expect-error linknet needs a feature at half the resolution
  buildModel({ decoder: { name: 'linknet' }, encoder: { name: 'mit_b0' }, ...image });
  // @ts-expect-error torchvision dilates no basic blocks
  buildModel({ decoder: { name: 'deeplabv3-torchvision' }, encoder: { name: 'resnet34' }, ...image });
  const notDilated = { name: 'deeplabv3', encoderOutputStride: 32 } as const;
  // @ts-expect-error an output stride that DeepLab does not have
  buildModel({ decoder: notDilated, encoder: { name: 'resnet18' }, ...image });
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
  // @ts-expect-error a Mix Transformer has no features at half the resolution
  buildModel({ decoder: { name: 'unetplusplus' }, encoder: { name: 'mit_b0' }, ...image });
  // @ts-expect-error torchvision puts lraspp on nothing else
  buildModel({ decoder: { name: 'lraspp' }, encoder: { name: 'resnet50' }, ...image });
  // @ts-expect-error classes are needed
  buildModel({ decoder: { name: 'unet' }, encoder: { name: 'resnet18' }, inChannels: 1 });

  const encoder = { name: 'resnet34', depth: 4 } as const;
  // @ts-expect-error not a key of a model
  const misspelt: ModelOptions = { decoder: { name: 'unet' }, encoder, inChannels: 1, classes: 29, depth: 4 };
  buildModel(misspelt);
}
