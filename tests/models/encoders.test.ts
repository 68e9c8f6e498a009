import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { encoderNames, encoderSchema } from '../../src/models/encoders/options.ts';
import type { EncoderName } from '../../src/models/encoders/options.ts';
import { decoderNames } from '../../src/models/decoders/options.ts';
import { createEncoder } from '../../src/models/encoders/registry.ts';
import type { Encoder } from '../../src/models/encoders/encoder.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import { assembleModel } from '../../src/models/registry.ts';
import type { Module } from '../../src/nn/module.ts';
import type { HostTensor } from '../../src/nn/safetensors/format.ts';
import { loadStateDict } from '../../src/nn/stateDict.ts';
import { StochasticDepth } from '../../src/nn/stochasticDepth.ts';
import { filled, filledState } from './formula.ts';
import { difference, fromTorch, toTorch } from './golden.ts';
import type { Digest } from './golden.ts';

interface EncoderGolden {
  readonly size: readonly [height: number, width: number];
  /** Of a square image that still has every feature. */
  readonly smallestSide: number;
  readonly parameters: number;
  readonly keys: string;
  readonly features: readonly Digest[];
  /** Features at another output stride, null where the original has no dilation. */
  readonly dilated: Readonly<Record<'8' | '16', readonly Digest[] | null>>;
  /** Under a decoder with its defaults and `CLASSES` classes, null where the original refuses the pair. */
  readonly models: Readonly<Record<string, ModelGolden | null>>;
  /** With the option `padding: 'same'`, of those that have it; the dilated features are of the second size. */
  readonly same?: Pick<EncoderGolden, 'dilated'> & {
    readonly sizes: readonly Pick<EncoderGolden, 'size' | 'features'>[];
  };
}

interface ModelGolden {
  readonly parameters: number;
  readonly keys: string;
  readonly logits: Digest;
}

const folder = join(import.meta.dirname, '../goldens/encoders');

function readGolden(name: EncoderName): EncoderGolden {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as EncoderGolden;
}

/** Relative to the largest value. */
const TOLERANCE = 1e-4;
/** As in tools/goldens/encoders.py. */
const CLASSES = 3;

beforeAll(async () => {
  await startEngine();
});

test('every encoder has its golden', () => {
  expect(readdirSync(folder).sort()).toEqual(encoderNames.map((name) => `${name}.json`).sort());
});

describe.each(encoderNames)('%s', (name) => {
  const golden = readGolden(name);
  const create = (options = {}) => createEncoder(encoderSchema.parse({ name, ...options }), 3);
  // The encoder's own, and those of encoders within models.
  const known = new Map<string, HostTensor>();
  afterAll(() => known.clear());

  /** Compares the features, in inference, with every parameter from the formula. */
  async function compareFeatures(
    encoder: Encoder,
    digests: readonly Digest[],
    { size } = golden,
  ): Promise<void> {
    loadStateDict(encoder, filledState(encoder, 0, known));
    const infer = compile((x: tf.Tensor4D) => encoder.forward(x, { training: false }).slice(1), {
      name: 'encoder',
      precision: 'float32',
    });
    const x = imageOf(size);
    const features = await infer(x);
    expect(features.map(({ shape }) => shape[3])).toEqual(encoder.outChannels.slice(1));
    // Some originals have an empty feature, which says nothing.
    const filledFeatures = features.filter(({ size }) => size > 0);
    expect(filledFeatures.length).toBe(digests.length);
    for (const [index, feature] of filledFeatures.entries()) {
      const name = `feature ${features.indexOf(feature)}`;
      const { shape, values } = toTorch(feature);
      expect(shape).toEqual(digests[index]!.shape);
      expect(difference(name, values, digests[index]!), name).toBeLessThan(TOLERANCE);
    }
    tf.dispose([features, x]);
    infer.dispose();
  }

  test('has the state dict, parameter count and features of the original', async () => {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const encoder = create();
    expect(keysHash(encoder)).toBe(golden.keys);
    expect(encoder.parameterCount).toBe(golden.parameters);
    await compareFeatures(encoder, golden.features);
    encoder.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  });

  const dilations = ([8, 16] as const).filter((stride) => golden.dilated[stride] !== null);
  test.each(dilations)('dilates to output stride %d as the original', async (stride) => {
    const encoder = create().dilate(stride);
    expect(encoder.outputStride).toBe(stride);
    await compareFeatures(encoder, golden.dilated[stride]!);
    encoder.dispose();
  });

  const { same } = golden;
  test.each(same?.sizes ?? [])("pads as timm's of the name at $size", async ({ size, features }) => {
    const encoder = create({ padding: 'same' });
    expect(keysHash(encoder)).toBe(golden.keys);
    await compareFeatures(encoder, features, { ...golden, size });
    encoder.dispose();
  });

  test.each(same === undefined ? [] : ([8, 16] as const))(
    "dilates timm's of the name to output stride %d",
    async (stride) => {
      const encoder = create({ padding: 'same' }).dilate(stride);
      await compareFeatures(encoder, same!.dilated[stride]!, { ...golden, size: same!.sizes[1]!.size });
      encoder.dispose();
    },
  );

  const decoders = decoderNames.filter((decoder) => (golden.models[decoder] ?? null) !== null);
  test.each(decoders)('has the logits of the original under %s', async (decoder) => {
    const { keys, parameters, logits: expected } = golden.models[decoder]!;
    const model = assembleModel(
      parseModel({ decoder: { name: decoder }, encoder: { name }, inChannels: 3, classes: CLASSES }),
    );
    expect(keysHash(model)).toBe(keys);
    expect(model.parameterCount).toBe(parameters);
    loadStateDict(model, filledState(model, 0, known));
    const infer = compile((x: tf.Tensor4D) => model.forward(x, { training: false }).logits, {
      name: 'model',
      precision: 'float32',
    });
    const x = imageOf(golden.size);
    const logits = await infer(x);
    const { shape, values } = toTorch(logits);
    expect(shape).toEqual(expected.shape);
    expect(difference('logits', values, expected)).toBeLessThan(TOLERANCE);
    tf.dispose([x, logits]);
    infer.dispose();
    model.dispose();
  });

  test('takes images as small as the original does, and says what it needs', () => {
    const encoder = create();
    loadStateDict(encoder, filledState(encoder, 0, known));
    const side = golden.smallestSide;
    const deepest = (height: number, width: number) =>
      tf.tidy(() => encoder.forward(tf.zeros([1, height, width, 3]), { training: false }).at(-1)!.shape);
    expect(deepest(side, side)).toEqual([1, 1, 1, encoder.outChannels.at(-1)]);
    if (side > 1) {
      expect(() => deepest(side, side - 1)).toThrow(
        expect.objectContaining({
          code: 'model/input-shape',
          message: expect.stringContaining(`at least ${side}×${side} pixels`) as string,
        }) as Error,
      );
    }
    encoder.dispose();
  });
});

test('EfficientNet drops later residual blocks more often, as the original', () => {
  const rates = (options: object) =>
    [
      ...createEncoder(encoderSchema.parse({ name: 'efficientnet-b0', ...options }), 3).namedModules(),
    ].flatMap(([path, module]) => (module instanceof StochasticDepth ? [[path, module.rate]] : []));
  // Blocks that neither halve nor widen; 0.2 · index / 16.
  const residual = [2, 4, 6, 7, 9, 10, 12, 13, 14];
  const paths = residual.map((index) => `_blocks.${index}._drop_connect`);
  expect(rates({})).toEqual(paths.map((path, i) => [path, (0.2 * residual[i]!) / 16]));
  expect(rates({ dropConnect: 0 })).toEqual(paths.map((path) => [path, 0]));
});

test.each<[EncoderName, string, number]>([
  // √2 over the root of what torchvision counts: values that a channel goes to, or (DenseNet) comes from.
  ['resnext50_32x4d', 'layer2.0.conv2.weight', 256 * 9],
  ['vgg13_bn', 'features.7.weight', 128 * 9],
  ['densenet121', 'features.denseblock1.denselayer2.conv1.weight', 96],
  ['mobilenet_v2', 'features.9.conv.0.0.weight', 384],
])('%s draws %s as torchvision', (name, key, fan) => {
  const encoder = createEncoder(encoderSchema.parse({ name }), 3);
  const parameter = new Map(encoder.namedState()).get(key)!;
  const values = tf.tidy(
    () => parameter.initializer(parameter.shape, tf.tensor1d([1, 2], 'int32')).dataSync() as Float32Array,
  );
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
  expect(values.length).toBeGreaterThan(10_000);
  expect(deviation / Math.sqrt(2 / fan)).toBeCloseTo(1, 1);
  // Normal, not uniform: uniform values end at √3 deviations.
  expect(values.some((value) => Math.abs(value) > 3 * deviation)).toBe(true);
});

test('VGG draws its first layer as PyTorch where the original replaces it', () => {
  const bias = (inChannels: number) => {
    const encoder = createEncoder(encoderSchema.parse({ name: 'vgg11' }), inChannels);
    const { initializer, shape } = new Map(encoder.namedState()).get('features.0.bias')!;
    return tf.tidy(() => [...initializer(shape, tf.tensor1d([1, 2], 'int32')).dataSync()]);
  };
  expect(new Set(bias(3))).toEqual(new Set([0]));
  const replaced = bias(1);
  expect(Math.max(...replaced.map(Math.abs))).toBeGreaterThan(0.2);
  expect(Math.max(...replaced.map(Math.abs))).toBeLessThanOrEqual(1 / 3);
});

test('a shallower EfficientNet takes smaller images', () => {
  const encoder = createEncoder(encoderSchema.parse({ name: 'efficientnet-b0', depth: 3 }), 1);
  loadStateDict(encoder, filledState(encoder));
  const forward = (side: number) =>
    tf.tidy(() =>
      encoder.forward(tf.zeros([1, side, side, 1]), { training: false }).map(({ shape }) => shape),
    );
  expect(forward(8)).toEqual([
    [1, 8, 8, 1],
    [1, 4, 4, 32],
    [1, 2, 2, 24],
    [1, 1, 1, 40],
  ]);
  expect(() => forward(7)).toThrow('at least 8×8 pixels');
  encoder.dispose();
});

function imageOf([height, width]: EncoderGolden['size']): tf.Tensor4D {
  return fromTorch(filled('x', 2 * 3 * height * width, -2, 2), [2, 3, height, width]);
}

/** Of every key with its shape, in order. */
function keysHash(module: Module): string {
  const keys = [...module.namedState()].map(([key, { torchShape }]) => [key, torchShape]);
  return createHash('sha256').update(JSON.stringify(keys)).digest('hex');
}
