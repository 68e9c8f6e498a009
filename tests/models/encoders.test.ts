import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { encoderNames, encoderSchema } from '../../src/models/encoders/options.ts';
import { createEncoder } from '../../src/models/encoders/registry.ts';
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
}

const goldens = JSON.parse(
  readFileSync(join(import.meta.dirname, '../goldens/encoders.json'), 'utf8'),
) as Record<string, EncoderGolden>;

beforeAll(async () => {
  await startEngine();
});

test('every encoder has its golden', () => {
  expect(Object.keys(goldens)).toEqual(encoderNames);
});

describe.each(encoderNames)('%s', (name) => {
  const golden = goldens[name]!;
  const create = (options = {}) => createEncoder(encoderSchema.parse({ name, ...options }), 3);

  test('has the state dict, parameter count and features of the original', async () => {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const encoder = create();
    const keys = [...encoder.namedState()].map(([key, { torchShape }]) => [key, torchShape]);
    expect(createHash('sha256').update(JSON.stringify(keys)).digest('hex')).toBe(golden.keys);
    expect(encoder.parameterCount).toBe(golden.parameters);
    loadStateDict(encoder, filledState(encoder));
    const infer = compile((x: tf.Tensor4D) => encoder.forward(x, { training: false }).slice(1), {
      name: 'encoder',
      precision: 'float32',
    });
    const [height, width] = golden.size;
    const x = fromTorch(filled('x', 2 * 3 * height * width, -2, 2), [2, 3, height, width]);
    const features = await infer(x);
    expect(features.map(({ shape }) => shape[3])).toEqual(encoder.outChannels.slice(1));
    for (const [index, digest] of golden.features.entries()) {
      const { shape, values } = toTorch(features[index]!);
      expect(shape).toEqual(digest.shape);
      expect(difference(`feature ${index}`, values, digest), `feature ${index}`).toBeLessThan(1e-4);
    }
    tf.dispose([features, x]);
    infer.dispose();
    encoder.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  });

  test('takes images as small as the original does, and says what it needs', () => {
    const encoder = create();
    loadStateDict(encoder, filledState(encoder));
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
