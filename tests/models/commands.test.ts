import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { assembleModel } from '../../src/models/registry.ts';
import { describeModel } from '../../src/models/describeModel.ts';
import { listModels } from '../../src/models/listModels.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import { runModel } from '../../src/models/runModel.ts';
import { toFloat32 } from '../../src/nn/safetensors/floats.ts';
import { elementCount } from '../../src/nn/safetensors/format.ts';
import type { HostTensor } from '../../src/nn/safetensors/format.ts';
import { readSafetensors } from '../../src/nn/safetensors/read.ts';
import { writeSafetensors } from '../../src/nn/safetensors/write.ts';
import { filled, filledState } from './formula.ts';
import { difference, readGolden } from './golden.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'models-'));
  await startEngine();
});
afterAll(() => rm(folder, { recursive: true }));

describe('runModel', () => {
  const golden = readGolden('unet-resnet18');
  const [height, width] = golden.size;
  const paths = () => ({
    weightsPath: join(folder, 'weights.safetensors'),
    inputPath: join(folder, 'x.safetensors'),
    outputPath: join(folder, 'logits.safetensors'),
  });

  async function writeInputs(inputShape: readonly number[], name = 'x'): Promise<void> {
    const model = assembleModel(parseModel(golden.options));
    await writeSafetensors(paths().weightsPath, filledState(model));
    const data = filled(
      'x',
      inputShape.reduce((a, b) => a * b, 1),
      -2,
      2,
    );
    const x: HostTensor = { dtype: 'F32', shape: inputShape, data };
    await writeSafetensors(paths().inputPath, new Map([[name, x]]));
  }

  test('writes the logits of the original from files alone, and keeps nothing', async () => {
    const before = nativeTensorCount();
    await writeInputs([2, 3, height, width]);
    expect(await runModel({ model: golden.options, ...paths() })).toEqual({ shape: [2, 29, height, width] });
    const logits = (await readSafetensors(paths().outputPath)).tensors.get('logits')!;
    expect(logits.shape).toEqual([2, 29, height, width]);
    expect(difference('logits', toFloat32(logits), golden.evaluated.logits)).toBeLessThan(1e-4);
    expect(nativeTensorCount()).toBe(before);
  });

  test('writes the middle that a network without padding computes', async () => {
    const unpadded = readGolden('unet-original');
    const shape = [2, unpadded.options.inChannels, ...unpadded.size];
    await writeSafetensors(paths().weightsPath, filledState(assembleModel(parseModel(unpadded.options))));
    const x: HostTensor = { dtype: 'F32', shape, data: filled('x', elementCount(shape), -2, 2) };
    await writeSafetensors(paths().inputPath, new Map([['x', x]]));
    const { shape: written } = await runModel({ model: unpadded.options, ...paths() });
    expect(written).toEqual(unpadded.evaluated.logits.shape);
    const logits = (await readSafetensors(paths().outputPath)).tensors.get('logits')!;
    expect(difference('logits', toFloat32(logits), unpadded.evaluated.logits)).toBeLessThan(1e-4);
  });

  test.each<[string, readonly number[], string, object, string]>([
    ['an input of another name', [1, 3, 32, 32], 'image', {}, 'model/input'],
    ['an input of rank 3', [3, 32, 32], 'x', {}, 'model/input'],
    ['an empty input', [0, 3, 32, 32], 'x', {}, 'model/input'],
    ['an input with one channel', [1, 1, 32, 32], 'x', {}, 'model/input-shape'],
    ['weights of another model', [1, 3, 32, 32], 'x', { classes: 2 }, 'model/state-mismatch'],
    ['options of no model', [1, 3, 32, 32], 'x', { encoder: { name: 'resnet' } }, 'model/options'],
  ])('refuses %s and keeps nothing', async (_, shape, name, changes, code) => {
    const before = nativeTensorCount();
    await writeInputs(shape, name);
    await expect(runModel({ model: { ...golden.options, ...changes }, ...paths() })).rejects.toMatchObject({
      code,
    });
    expect(nativeTensorCount()).toBe(before);
  });
});

test('listModels counts what torchvision publishes of fcn_resnet101, and its classifiers less their last layers', () => {
  const { encoders } = listModels();
  const parametersOf = new Map(encoders.map(({ name, parameters }) => [name, parameters]));
  // torchvision's tables of parameters, without the layers that give a thousand classes.
  const head = (features: number) => (features + 1) * 1000;
  expect(parametersOf.get('resnet101')).toBe(44_549_160 - head(2048));
  expect(parametersOf.get('resnet152')).toBe(60_192_808 - head(2048));
  expect(parametersOf.get('resnext50_32x4d')).toBe(25_028_904 - head(2048));
  expect(parametersOf.get('resnext101_32x8d')).toBe(88_791_336 - head(2048));
  expect(parametersOf.get('wide_resnet50_2')).toBe(68_883_240 - head(2048));
  expect(parametersOf.get('densenet121')).toBe(7_978_856 - head(1024));
  expect(parametersOf.get('densenet201')).toBe(20_013_928 - head(1920));
  expect(parametersOf.get('mobilenet_v2')).toBe(3_504_872 - head(1280));
  const vggHead = 4096 * (512 * 49 + 1) + 4096 * 4097 + head(4096);
  expect(parametersOf.get('vgg16')).toBe(138_357_544 - vggHead);
  expect(parametersOf.get('vgg19_bn')).toBe(143_678_248 - vggHead);
  const fcn = { decoder: { name: 'fcn' }, encoder: { name: 'resnet101' }, inChannels: 3 } as const;
  expect(assembleModel(parseModel({ ...fcn, classes: 21 })).parameterCount).toBe(54_314_346);
});

test('describeModel counts what a published table says of ResNet-50', async () => {
  const before = nativeTensorCount();
  const summary = await describeModel(
    { decoder: { name: 'fcn' }, encoder: { name: 'resnet50' }, inChannels: 3, classes: 21 },
    [520, 520],
  );
  // torchvision's documentation of fcn_resnet50: 35,322,218 parameters and 152.717 G operations. Both include the
  // auxiliary head, which torchvision computes in inference too.
  expect(summary.parameters).toBe(35_322_218);
  const auxiliary = 65 * 65 * (1024 * 256 * 9 + 256 * 21);
  expect((summary.multiplyAdds + auxiliary) / 1e9).toBeCloseTo(152.717, 2);
  expect(summary.outputShape).toEqual([1, 520, 520, 21]);
  const stem = summary.layers[0]!;
  expect(stem).toMatchObject({
    path: 'backbone.conv1',
    type: 'Conv2d',
    inputShape: [1, 520, 520, 3],
    outputShape: [1, 260, 260, 64],
    parameters: 9408,
    multiplyAdds: 260 * 260 * 9408,
    outputBytes: 4 * 260 * 260 * 64,
  });
  // Besides its parameters a ResNet-50 has running statistics, and each batch normalization a count.
  const buffers = 2 * (26_560 + 512 + 256) + 55;
  expect(summary.stateBytes).toBe(4 * (35_322_218 + buffers));
  expect(summary.activationBytes).toBe(summary.layers.reduce((sum, { outputBytes }) => sum + outputBytes, 0));
  expect(nativeTensorCount()).toBe(before);
});

test('describeModel sees the published U-Net make 388×388 of 572×572 with 23 convolutions', async () => {
  const summary = await describeModel(
    { decoder: { name: 'unet-original' }, inChannels: 1, classes: 2 },
    [572, 572],
  );
  expect(summary.outputShape).toEqual([1, 388, 388, 2]);
  expect(summary.layers.filter(({ type }) => type.startsWith('Conv'))).toHaveLength(23);
  expect(summary.parameters).toBe(31_030_658);
  await expect(
    describeModel({ decoder: { name: 'unet-original' }, inChannels: 1, classes: 2 }, [512, 572]),
  ).rejects.toMatchObject({
    code: 'model/input-shape',
    message: expect.stringContaining('Resize or pad the images to 508×572 or 524×572') as string,
  });
});

test('describeModel computes nothing, whatever the size', async () => {
  const before = nativeTensorCount();
  const options = {
    decoder: { name: 'unet' },
    encoder: { name: 'resnet18' },
    inChannels: 1,
    classes: 2,
  } as const;
  const { outputShape } = await describeModel(options, [40_000, 60_000]);
  expect(outputShape).toEqual([1, 40_000, 60_000, 2]);
  await expect(describeModel(options, [0, 2 ** 40])).rejects.toMatchObject({ code: 'model/input-shape' });
  await expect(
    describeModel({ ...options, decoder: { name: 'unetplusplus' } }, [512, 500]),
  ).rejects.toMatchObject({ code: 'model/input-shape' });
  expect(nativeTensorCount()).toBe(before);
});

test('listModels reads sizes and options from the models themselves', () => {
  const { encoders, decoders } = listModels();
  expect(encoders.find(({ name }) => name === 'resnet34')).toEqual({
    name: 'resnet34',
    options: [
      { name: 'depth', values: '3 | 4 | 5', default: 5 },
      { name: 'weights', values: 'string' },
    ],
    channels: [3, 64, 64, 128, 256, 512],
    strides: [1, 2, 4, 8, 16, 32],
    parameters: 21_284_672,
    weights: ['imagenet'],
  });
  const unet = decoders.find(({ name }) => name === 'unet')!;
  expect(unet).toMatchObject({
    parameters: 24_436_369,
    example: 'resnet34',
    encoders: encoders.map(({ name }) => name),
  });
  expect(unet.options).toEqual([
    { name: 'auxParams', values: 'object' },
    { name: 'channels', values: 'list of integer ≥ 1 ≤ 4096' },
    { name: 'useNorm', values: 'batchnorm | identity', default: 'batchnorm' },
    { name: 'attentionType', values: 'scse | null', default: null },
    { name: 'interpolation', values: 'nearest | bilinear', default: 'nearest' },
    { name: 'center', values: 'boolean' },
  ]);
  const fcn = decoders.find(({ name }) => name === 'fcn')!;
  expect(fcn).toMatchObject({ example: 'resnet50' });
  expect(fcn.encoders).toEqual([
    'resnet50',
    'resnet101',
    'resnet152',
    'resnext50_32x4d',
    'resnext101_32x8d',
    'wide_resnet50_2',
  ]);
  expect(decoders.find(({ name }) => name === 'unet-original')).toMatchObject({
    parameters: 31_031_745,
    encoders: [],
  });
});
