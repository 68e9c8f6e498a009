import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/core/bytes.ts';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { randomNormal } from '../../src/engine/ops/random.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import type { ModelOptions } from '../../src/models/modelSchema.ts';
import { assembleModel } from '../../src/models/registry.ts';
import { standsOnEncoder, suitableEncoders } from '../../src/models/decoders/limits.ts';
import { decoderNames } from '../../src/models/decoders/options.ts';
import type { DecoderName } from '../../src/models/decoders/options.ts';
import { encoderNames } from '../../src/models/encoders/options.ts';
import { setOutputPrior } from '../../src/models/outputPrior.ts';
import type { SegmentationModel } from '../../src/models/segmentationModel.ts';
import { readSafetensors } from '../../src/nn/safetensors/read.ts';
import { writeSafetensors } from '../../src/nn/safetensors/write.ts';
import { loadStateDict, stateDict } from '../../src/nn/stateDict.ts';

/** Options that keep a whole network small, or give it more to train. */
const small: Partial<Record<DecoderName, object>> = {
  'unet-original': { channels: [8, 16, 32] },
  'light-unet': { channels: [8, 16, 32] },
  'multi-input-unet': { fusion: 'attention' },
};

/** Every encoder under unet, and every decoder on the smallest encoder it can stand on, or alone. */
const pairs = [
  ...encoderNames.map((encoder) => ['unet', encoder] as const),
  ...decoderNames
    .filter((decoder) => decoder !== 'unet')
    .map((decoder) => {
      if (!standsOnEncoder(decoder)) return [decoder, 'no encoder'] as const;
      const suitable = suitableEncoders(decoder);
      return [decoder, suitable.includes('resnet18') ? 'resnet18' : suitable[0]!] as const;
    }),
];

const CLASSES = 2;
// As many as a network of several inputs needs at least.
const CHANNELS = 2;
/** Other first weights for those of which a bottleneck of four units would be silent whatever the image. */
const SEEDS: Partial<Record<DecoderName, number>> = { manet: 5 };
/** Images and random drops with which a parameter may show that it can be trained. */
const ATTEMPTS = 5;

let folder: string;
beforeAll(async () => {
  await startEngine();
  folder = await mkdtemp(join(tmpdir(), 'models-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(pairs)('%s on %s', (decoder, encoder) => {
  const options = {
    decoder: { name: decoder, ...small[decoder] },
    ...(encoder !== 'no encoder' && {
      // At a greater depth pan takes larger images only.
      encoder: { name: encoder, ...(decoder === 'pan' && { depth: 3 }) },
    }),
    inChannels: CHANNELS,
    classes: CLASSES,
  } as ModelOptions;

  async function withModel(use: (model: SegmentationModel) => Promise<void> | void): Promise<void> {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const model = buildModel(options, { seed: SEEDS[decoder] ?? 3 });
    await use(model);
    model.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  }

  test('gives logits of the size of the image, or says which sizes it takes', () =>
    withModel(async (model) => {
      const infer = compile((x: tf.Tensor4D) => model.forward(x, { training: false }), { name: 'shapes' });
      const sizes: [number, number][] = [[32, 32], [64, 96], [33, 47]]; // prettier-ignore
      for (const [height, width] of sizes) {
        const x = image([1, height, width, CHANNELS]);
        if (decoder === 'pan' && height < 64) {
          await expect(infer(x)).rejects.toMatchObject({ code: 'model/input-shape' });
        } else if (side(model, height) === height && side(model, width) === width) {
          const output = await infer(x);
          const { margin } = model;
          expect(output.logits.shape).toEqual([1, height - 2 * margin, width - 2 * margin, CLASSES]);
          expect(Object.keys(output)).toEqual(['logits']);
          expect(everyFinite(output.logits)).toBe(true);
          tf.dispose(output);
        } else {
          const larger = [side(model, height), side(model, width)] as [number, number];
          await expect(infer(x)).rejects.toMatchObject({
            code: 'model/input-shape',
            message: expect.stringMatching(`Resize or pad the images to .*${larger.join('×')}\\b`) as string,
          });
          sizes.push(larger);
        }
        x.dispose();
      }
      infer.dispose();
    }));

  test('refuses an image with other channels', () =>
    withModel((model) => {
      const x = image([1, side(model, 32), side(model, 32), CHANNELS + 2]);
      expect(() => model.forward(x, { training: false })).toThrow('expected 2 channels, received 4');
      x.dispose();
    }));

  test('trains every parameter, and batch statistics only while training', () =>
    withModel(async (model) => {
      const parameters = [...model.namedParameters()];
      const variables = parameters.map(([, { variable }]) => variable);
      const gradient = compile(
        (x: tf.Tensor4D, seed: tf.Tensor1D) => {
          const { grads } = tf.variableGrads(() => {
            const { logits, auxiliary } = model.forward(x, { training: true, seed });
            // Squares, because batch statistics cancel what is linear.
            const loss = tf.sum(tf.square(logits));
            return (auxiliary ?? []).reduce(
              (sum, side) => tf.add(sum, tf.sum(tf.square(side))),
              loss as tf.Scalar,
            );
          }, variables);
          return variables.map(({ name }) => tf.max(tf.abs(grads[name]!)));
        },
        { name: 'gradients', precision: 'float32' },
      );
      const saved = fingerprints(model);
      // One draw can drop a residual branch for every image, and a ReLU can be silent for them all.
      let silent: readonly string[] = parameters.map(([name]) => name);
      for (let attempt = 0; silent.length > 0 && attempt < ATTEMPTS; attempt++) {
        const x = image([2, side(model, 64), side(model, 64), CHANNELS], attempt);
        const seed = tf.tensor1d([1, attempt], 'int32');
        const largest = await gradient(x, seed);
        const flowing = new Set(
          parameters.filter((_, index) => largest[index]!.dataSync()[0]! > 0).map(([name]) => name),
        );
        silent = silent.filter((name) => !flowing.has(name));
        tf.dispose([largest, x, seed]);
      }
      expect(silent).toEqual([]);
      const trained = fingerprints(model);
      const changed = [...saved.keys()].filter((name) => saved.get(name) !== trained.get(name));
      // Statistics beside frozen parameters belong to layers that the original keeps and never calls.
      const training = new Set(parameters.map(([name]) => name));
      const statistics = [...saved.keys()].filter(
        (name) => /running_|num_batches/.test(name) && training.has(name.replace(/[^.]+$/, 'weight')),
      );
      expect(changed).toEqual(statistics);

      const x = image([2, side(model, 64), side(model, 64), CHANNELS]);
      tf.dispose(tf.tidy(() => model.forward(x, { training: false })));
      expect(fingerprints(model)).toEqual(trained);
      x.dispose();
      gradient.dispose();
    }));

  test('infers the same twice, and every image by itself', () =>
    withModel((model) => {
      const x = image([2, side(model, 64), side(model, 64), CHANNELS]);
      const infer = (input: tf.Tensor4D) => tf.tidy(() => model.forward(input, { training: false }).logits);
      const together = infer(x);
      const again = infer(x);
      const second = tf.tidy(() => infer(tf.slice(x, [1, 0, 0, 0], [1, -1, -1, -1])));
      expect(largestDifference(together, again)).toBe(0);
      const extent = tf.tidy(() => largestDifference(second, tf.zerosLike(second)));
      const apart = tf.tidy(() => largestDifference(tf.slice(together, [1, 0, 0, 0]), second));
      expect(apart / extent).toBeLessThan(1e-4);
      tf.dispose([x, together, again, second]);
    }));

  test('is the same model after saving and loading', () =>
    withModel(async (model) => {
      const path = join(folder, `${decoder}-${encoder}.safetensors`);
      await writeSafetensors(path, stateDict(model), { format: 'pt' });
      const other = assembleModel(parseModel(options));
      loadStateDict(other, (await readSafetensors(path)).tensors, path);
      expect(fingerprints(other)).toEqual(fingerprints(model));
      other.dispose();
      await rm(path);
    }));

  test('predicts the prior it is given where features are silent', () =>
    withModel((model) => {
      setOutputPrior(model, [0.25, 0]);
      for (const { bias } of model.outputs) {
        const logits = [...bias!.variable.dataSync()];
        expect(1 / (1 + Math.exp(-logits[0]!))).toBeCloseTo(0.25);
        expect(logits[1]).toBeLessThan(-9);
        expect(Number.isFinite(logits[1])).toBe(true);
      }
      expect(() => setOutputPrior(model, [0.5])).toThrow('Expected 2 priors');
    }));
});

/** The smallest side that the model takes, of at least so many pixels. */
function side({ smallestSide, sizeMultiple }: SegmentationModel, least: number): number {
  return smallestSide + Math.max(0, Math.ceil((least - smallestSide) / sizeMultiple)) * sizeMultiple;
}

function image(shape: readonly [number, number, number, number], seed = 0): tf.Tensor4D {
  return tf.tidy(() => randomNormal(shape, tf.tensor1d([7, seed], 'int32')) as tf.Tensor4D);
}

function everyFinite(x: tf.Tensor): boolean {
  return x.dataSync().every(Number.isFinite);
}

function largestDifference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);
}

/** A hash of every parameter and buffer, since comparing millions of values one by one takes minutes. */
function fingerprints(model: SegmentationModel): ReadonlyMap<string, string> {
  return new Map(
    [...stateDict(model)].map(([name, { data }]) => [
      name,
      createHash('sha256').update(bytesOf(data)).digest('hex'),
    ]),
  );
}
