import { describe, expect, test } from 'vitest';
import { assembleModel } from '../../src/models/registry.ts';
import { modelSchema, parseModel } from '../../src/models/modelSchema.ts';
import type { EncoderName } from '../../src/models/encoders/options.ts';
import type { ModelOptions } from '../../src/models/modelSchema.ts';

const valid = {
  decoder: { name: 'unet' },
  encoder: { name: 'resnet18' },
  inChannels: 1,
  classes: 29,
} as const satisfies ModelOptions;

test('defaults are those of the originals', () => {
  expect(modelSchema.parse(valid)).toEqual({
    decoder: {
      name: 'unet',
      useNorm: 'batchnorm',
      attentionType: null,
      interpolation: 'nearest',
    },
    encoder: { name: 'resnet18', depth: 5 },
    inChannels: 1,
    classes: 29,
  });
  expect(
    modelSchema.parse({ ...valid, decoder: { name: 'fcn' }, encoder: { name: 'resnet50' } }).decoder,
  ).toEqual({
    name: 'fcn',
    dropout: 0.1,
    auxiliary: true,
  });
});

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'expected object'],
  [
    'no decoder',
    { ...valid, decoder: undefined },
    'decoder: expected the name of decoder: unet, unetplusplus, fpn',
  ],
  ['a misspelt decoder', { ...valid, decoder: { name: 'unetpluspls' } }, 'did you mean unetplusplus?'],
  [
    'a misspelt encoder',
    { ...valid, encoder: { name: 'resnet-34' } },
    'encoder.name: there is no encoder called "resnet-34" (did you mean resnet34?)',
  ],
  [
    'a misspelt option',
    { ...valid, decoder: { name: 'unet', attentiontype: 'scse' } },
    'decoder: unknown option attentiontype (did you mean attentionType?)',
  ],
  [
    'an option of another decoder',
    { ...valid, decoder: { name: 'unet', dropout: 0.5 } },
    'decoder: unknown option dropout',
  ],
  ['a misspelt key', { ...valid, inchannels: 1 }, 'unknown option inchannels (did you mean inChannels?)'],
  ['too deep an encoder', { ...valid, encoder: { name: 'resnet18', depth: 6 } }, 'encoder.depth'],
  ['no classes', { ...valid, classes: 0 }, 'classes'],
  ['half a channel', { ...valid, inChannels: 1.5 }, 'inChannels'],
  [
    'channels for another depth',
    { ...valid, decoder: { name: 'unet', channels: [64, 32] } },
    'decoder.channels: expected 5 numbers, one per stage of the encoder, received 2',
  ],
  [
    'too few channels for attention',
    { ...valid, decoder: { name: 'unet', attentionType: 'scse', channels: [64, 64, 32, 16, 8] } },
    'scse attention needs at least 16 channels',
  ],
  [
    'an encoder fcn cannot dilate',
    { ...valid, decoder: { name: 'fcn' } },
    'encoder.name: fcn dilates the last stages of its encoder and needs one of resnet50, resnet101, resnet152, resnext50_32x4d, resnext101_32x8d, wide_resnet50_2',
  ],
  [
    'an encoder that fcn cannot dilate, by another name',
    { ...valid, decoder: { name: 'fcn' }, encoder: { name: 'efficientnet-b0' } },
    'encoder.name: fcn dilates the last stages of its encoder and needs one of resnet50, resnet101, resnet152, resnext50_32x4d, resnext101_32x8d, wide_resnet50_2',
  ],
  [
    'an encoder without features at half the resolution',
    { ...valid, decoder: { name: 'unetplusplus' }, encoder: { name: 'mit_b0' } },
    "encoder.name: unetplusplus needs features at half the image's resolution, which mit_b0 does not have",
  ],
  [
    'lraspp on another encoder',
    { ...valid, decoder: { name: 'lraspp' }, encoder: { name: 'tf_efficientnet_lite0' } },
    'encoder.name: lraspp dilates the last stage of its encoder and needs one of mobilenet_v3_large',
  ],
  [
    'blocks that are always dropped',
    { ...valid, encoder: { name: 'efficientnet-b0', dropConnect: 1 } },
    'encoder.dropConnect',
  ],
  [
    'an option of another encoder',
    { ...valid, encoder: { name: 'resnet18', dropConnect: 0.1 } },
    'encoder: unknown option dropConnect',
  ],
  [
    'weights that may be for either padding',
    { ...valid, encoder: { name: 'tf_efficientnet_lite0', weights: 'mine' } },
    'encoder.padding: weights do not say which padding they are for: set it to same',
  ],
  [
    'a whole network on an encoder',
    { ...valid, decoder: { name: 'unet-original' } },
    'encoder: unet-original is a whole network and takes no encoder',
  ],
  [
    'channels of an attention U-Net for another depth',
    { ...valid, decoder: { name: 'attention-unet', channels: [64, 32] } },
    'decoder.channels: expected 5 numbers, one per stage of the encoder, received 2',
  ],
  [
    'weights for feature maps that U-Net++ does not have',
    { ...valid, decoder: { name: 'unetplusplus', deepSupervision: [1, 1] } },
    'decoder.deepSupervision: expected 3 weights, one per feature map before the last, received 2',
  ],
  [
    'weights for feature maps that UNet 3+ does not have',
    {
      ...valid,
      decoder: { name: 'unet3plus', deepSupervision: [1, 1] },
      encoder: { name: 'resnet18', depth: 4 },
    },
    'decoder.deepSupervision: expected 3 weights, one per feature map before the last, received 2',
  ],
  [
    'weights for feature maps that an FPN does not have',
    {
      ...valid,
      decoder: { name: 'fpn', deepSupervision: [1, 1] },
      encoder: { name: 'resnet18', depth: 4 },
    },
    'decoder.deepSupervision: expected 4 weights, one per feature map before the last, received 2',
  ],
  [
    'a network for volumes',
    { ...valid, decoder: { name: 'unet3d' } },
    'decoder.name: unet3d is a network for volumes, and this takes images',
  ],
  [
    'modalities that are not the channels of the image',
    { ...valid, decoder: { name: 'multi-input-unet', inputs: [1, 3] }, inChannels: 3 },
    'decoder.inputs: expected the channels of each modality, whose sum is inChannels (3), received a sum of 4',
  ],
  [
    'a single modality',
    { ...valid, decoder: { name: 'multi-input-unet' } },
    'decoder.inputs: expected at least two modalities; take unet for one',
  ],
  [
    'channels of a network of several inputs for another depth',
    { ...valid, decoder: { name: 'multi-input-unet', channels: [64, 32] }, inChannels: 2 },
    'decoder.channels: expected 5 numbers, one per stage of the encoder, received 2',
  ],
  [
    'a misspelt option of two branches',
    { ...valid, decoder: { name: 'dual-branch-unet', boundaryweight: 1 } },
    'decoder: unknown option boundaryweight (did you mean boundaryWeight?)',
  ],
  [
    'no encoder',
    { ...valid, encoder: undefined },
    'encoder: expected the name of encoder: resnet18, resnet34',
  ],
  [
    'a network of one resolution',
    { decoder: { name: 'unet-original', channels: [64] }, inChannels: 1, classes: 1 },
    'decoder.channels',
  ],
  [
    'an encoder that cannot be dilated',
    { ...valid, decoder: { name: 'deeplabv3plus' }, encoder: { name: 'densenet121' } },
    'encoder.name: deeplabv3plus dilates the last convolutions with strides, which densenet121 does not have',
  ],
  [
    'an encoder that pan cannot dilate',
    { ...valid, decoder: { name: 'pan' }, encoder: { name: 'vgg11' } },
    'decoder.encoderOutputStride: vgg11 halves the resolution by pooling and cannot be dilated: set it to 32',
  ],
  [
    'linknet without a feature at half the resolution',
    { ...valid, decoder: { name: 'linknet' }, encoder: { name: 'mit_b0' } },
    "linknet needs features at half the image's resolution, which mit_b0 does not have",
  ],
  [
    'fpn on part of a Mix Transformer',
    { ...valid, decoder: { name: 'fpn' }, encoder: { name: 'mit_b0', depth: 4 } },
    'encoder.depth: fpn needs all four features of mit_b0: depth must be 5',
  ],
  [
    'channels that groups do not divide',
    { ...valid, decoder: { name: 'fpn', segmentationChannels: 48 } },
    'decoder.segmentationChannels: expected a multiple of 32, received 48',
  ],
  [
    'channels of manet for another depth',
    { ...valid, decoder: { name: 'manet', channels: [64, 32] } },
    'decoder.channels: expected 5 numbers, one per stage of the encoder, received 2',
  ],
  [
    'a misspelt option of the classification head',
    { ...valid, decoder: { name: 'unet', auxParams: { classes: 2, poling: 'max' } } },
    'decoder.auxParams: unknown option poling (did you mean pooling?)',
  ],
  [
    'fcn on part of an encoder',
    { ...valid, decoder: { name: 'fcn' }, encoder: { name: 'resnet50', depth: 4 } },
    'depth must be 5',
  ],
])('%s is one clear error', (_, options, message) => {
  expect(() => parseModel(options, 'experiment.ts')).toThrow(
    expect.objectContaining({
      code: 'model/options',
      message: expect.stringContaining(message) as string,
    }) as Error,
  );
});

test('every wrong option is named at once', () => {
  expect(() => parseModel({ ...valid, classes: 0, encoder: { name: 'vgg' } })).toThrow(
    /encoder\.name: .*; classes: /,
  );
});

describe('the tree', () => {
  test('has the names and shapes of PyTorch without any value', () => {
    const model = assembleModel(parseModel(valid));
    const state = [...model.namedState()];
    expect(state[0]![0]).toBe('encoder.conv1.weight');
    expect(state[0]![1].torchShape).toEqual([64, 1, 7, 7]);
    expect(state.every(([, { hasValue }]) => !hasValue)).toBe(true);
    expect(state.map(([name]) => name)).toContain('decoder.blocks.0.conv1.1.num_batches_tracked');
    expect([...model.namedParameters()].at(-1)![0]).toBe('segmentation_head.0.bias');
  });

  test('of unet and unetplusplus has the center of the originals after VGG alone, and where it is asked for', () => {
    const center = (decoder: ModelOptions['decoder'], encoder: EncoderName) =>
      [...assembleModel(parseModel({ ...valid, decoder, encoder: { name: encoder } })).namedState()]
        .filter(([name]) => name.startsWith('decoder.center.') && name.endsWith('.weight'))
        .map(([, { trainable }]) => trainable);
    expect(center({ name: 'unet' }, 'resnet18')).toEqual([]);
    expect(center({ name: 'unet', center: true }, 'resnet18')).toEqual([true, true, true, true]);
    expect(center({ name: 'unet' }, 'vgg13_bn')).toEqual([true, true, true, true]);
    expect(center({ name: 'unet', center: false }, 'vgg13_bn')).toEqual([]);
    expect(center({ name: 'unetplusplus' }, 'resnet18')).toEqual([]);
    // Built and never called.
    expect(center({ name: 'unetplusplus' }, 'vgg11')).toEqual([false, false, false, false]);
  });

  test('takes its default channels from the resolution, not the depth', () => {
    const model = assembleModel(parseModel({ ...valid, encoder: { name: 'resnet18', depth: 3 } }));
    const shapes = new Map([...model.namedParameters()].map(([name, { torchShape }]) => [name, torchShape]));
    expect(shapes.get('decoder.blocks.0.conv2.0.weight')).toEqual([64, 64, 3, 3]);
    expect(shapes.get('segmentation_head.0.weight')).toEqual([29, 16, 3, 3]);
  });
});

test('the two branches say the weight of the boundary and what it is compared with', () => {
  const model = assembleModel(
    parseModel({ ...valid, decoder: { name: 'dual-branch-unet', boundaryWeight: 0.3 } }),
  );
  expect(model.auxiliaryWeights).toEqual([0.3]);
  expect(model.auxiliaryTarget).toBe('boundaries');
  expect(assembleModel(parseModel(valid)).auxiliaryTarget).toBe('labels');
});

test('deep supervision says its own weights, 1 each unless told', () => {
  const weights = (deepSupervision: boolean | readonly number[]) =>
    assembleModel(parseModel({ ...valid, decoder: { name: 'unet3plus', deepSupervision } })).auxiliaryWeights;
  expect(weights(false)).toBeUndefined();
  expect(weights(true)).toEqual([1, 1, 1, 1]);
  expect(weights([0.1, 0.2, 0.3, 0])).toEqual([0.1, 0.2, 0.3, 0]);
});

test.each([
  [{}, 'symmetric'],
  [{ weights: 'random' }, 'symmetric'],
  [{ weights: 'imagenet' }, 'same'],
  [{ weights: 'imagenet', padding: 'symmetric' }, 'symmetric'],
  [{ weights: 'mine', padding: 'same' }, 'same'],
  [{ padding: 'same' }, 'same'],
] as const)('EfficientNet-Lite with %j pads %s, and its settings say so', (options, padding) => {
  const parsed = parseModel({ ...valid, encoder: { name: 'tf_efficientnet_lite0', ...options } });
  expect(parsed.encoder).toMatchObject({ padding });
  expect(parseModel(parsed)).toEqual(parsed);
});
