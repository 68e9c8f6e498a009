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
  });
  expect(nativeTensorCount()).toBe(before);
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
  });
  const unet = decoders.find(({ name }) => name === 'unet')!;
  expect(unet.parameters).toMatchObject({ resnet18: 14_328_209, resnet34: 24_436_369, resnet50: 32_521_105 });
  expect(unet.options).toEqual([
    { name: 'channels', values: 'list of integer ≥ 1 ≤ 4096' },
    { name: 'useNorm', values: 'batchnorm | identity', default: 'batchnorm' },
    { name: 'attentionType', values: 'scse | null', default: null },
    { name: 'interpolation', values: 'nearest | bilinear', default: 'nearest' },
    { name: 'center', values: 'boolean', default: false },
  ]);
  expect(Object.keys(decoders.find(({ name }) => name === 'fcn')!.parameters)).toEqual(['resnet50']);
});
