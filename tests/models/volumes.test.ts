import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { parseAnyModel } from '../../src/models/anyModel.ts';
import { describeModel } from '../../src/models/describeModel.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import { setOutputPrior } from '../../src/models/outputPrior.ts';
import { runModel } from '../../src/models/runModel.ts';
import {
  assembleVolumeModel,
  buildVolumeModel,
  parseVolumeModel,
} from '../../src/models/volumes/buildVolumeModel.ts';
import type { VolumeModelOptions } from '../../src/models/volumes/options.ts';
import type { VolumeModel } from '../../src/models/volumes/volumeModel.ts';
import { stackSlices } from '../../src/nn/volumeLayer.ts';
import { toFloat32 } from '../../src/nn/safetensors/floats.ts';
import { elementCount } from '../../src/nn/safetensors/format.ts';
import type { HostTensor } from '../../src/nn/safetensors/format.ts';
import { readSafetensors } from '../../src/nn/safetensors/read.ts';
import { writeSafetensors } from '../../src/nn/safetensors/write.ts';
import { loadStateDict, stateDict } from '../../src/nn/stateDict.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import { buildOptimizer } from '../../src/training/optimizers/build.ts';
import { filled, filledState } from './formula.ts';
import { difference, volumeFromTorch, volumeToTorch } from './golden.ts';
import type { Digest } from './golden.ts';

interface VolumeGolden {
  readonly options: VolumeModelOptions;
  readonly size: readonly [depth: number, height: number, width: number];
  /** Name of the values of the volumes. */
  readonly input: string;
  readonly parameters: number;
  readonly keys: string;
  readonly evaluated: Digest;
  readonly trained: Digest;
  readonly running: Readonly<Record<string, Digest>>;
  readonly gradients: Readonly<Record<string, Digest>>;
  readonly float32Gradient?: number;
}

/** As in parity.test.ts. */
const TOLERANCE = 1e-4;
const LIFT = 5;
const NEGLIGIBLE = 1e-2;

const folder = join(import.meta.dirname, '../goldens/volumes');

function readGolden(name: string): VolumeGolden {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as VolumeGolden;
}

beforeAll(async () => {
  await startEngine();
});

describe.each(readdirSync(folder).map((file) => file.replace('.json', '')))('%s', (name) => {
  const golden = readGolden(name);
  const input = (): tf.Tensor5D => {
    const shape = [2, golden.options.inChannels, ...golden.size] as const;
    return volumeFromTorch(filled(golden.input, elementCount(shape), -2, 2), shape);
  };

  async function withModel(lift: number, use: (model: VolumeModel) => Promise<void>): Promise<void> {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const model = buildVolumeModel(golden.options);
    loadStateDict(model, filledState(model, lift));
    await use(model);
    model.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  }

  test.each([false, true])('has the logits of the original, training: %s', (training) =>
    withModel(0, async (model) => {
      const keys = [...model.namedState()].map(([key, { torchShape }]) => [key, torchShape]);
      expect(createHash('sha256').update(JSON.stringify(keys)).digest('hex')).toBe(golden.keys);
      expect(model.parameterCount).toBe(golden.parameters);
      const run = compile((x: tf.Tensor5D) => model.forward(x, { training }), {
        name: 'parity',
        precision: 'float32',
      });
      const x = input();
      const { logits } = await run(x);
      compare('logits', logits, training ? golden.trained : golden.evaluated);
      const state = stateDict(model);
      const loaded = filledState(model);
      for (const [key, digest] of Object.entries(golden.running)) {
        const values = toFloat32(state.get(key)!);
        if (training) expect(difference(key, values, digest), key).toBeLessThan(TOLERANCE);
        else expect(values, key).toEqual(loaded.get(key)!.data);
      }
      tf.dispose([x, logits]);
      run.dispose();
    }),
  );

  test('has the gradients of the original', () =>
    withModel(LIFT, async (model) => {
      const parameters = [...model.namedParameters()];
      const variables = parameters.map(([, { variable }]) => variable);
      const differentiate = compile(
        (x: tf.Tensor5D, direction: tf.Tensor5D) => {
          const loss = (): tf.Scalar =>
            tf.sum(tf.mul(model.forward(x, { training: true }).logits, direction));
          const { grads } = tf.variableGrads(loss, variables);
          return variables.map((variable) => grads[variable.name]!);
        },
        { name: 'parity', precision: 'float32' },
      );
      const x = input();
      const shape = golden.evaluated.shape as readonly [number, number, number, number, number];
      const direction = volumeFromTorch(filled('direction', elementCount(shape), -1, 1), shape);
      const gradients = await differentiate(x, direction);
      expect(parameters.map(([key]) => key)).toEqual(Object.keys(golden.gradients));
      for (const [index, [, parameter]] of parameters.entries()) parameter.assign(gradients[index]!);
      const state = stateDict(model);
      const tolerance = Math.max(TOLERANCE, 2 * (golden.float32Gradient ?? 0));
      const largest = Math.max(...Object.values(golden.gradients).map((digest) => digest.largest));
      for (const [key, digest] of Object.entries(golden.gradients)) {
        const scale = Math.max(digest.largest, largest * NEGLIGIBLE);
        expect(difference(key, toFloat32(state.get(key)!), digest, scale), key).toBeLessThan(tolerance);
      }
      tf.dispose([x, direction]);
      differentiate.dispose();
    }));
});

const published = {
  decoder: { name: 'unet3d', layerOrder: 'cbr', upsample: 'upconv', padding: false },
  inChannels: 3,
  classes: 3,
} as const satisfies VolumeModelOptions;

test('is the published network: its parameters, and 44×44×28 of 132×132×116', async () => {
  const model = assembleVolumeModel(parseVolumeModel(published));
  // The paper counts one parameter of a normalized channel; a batch normalization has two.
  const scales = [...model.namedParameters()].filter(([name]) => name.endsWith('batchnorm.weight'));
  const scaleCount = scales.reduce((sum, [, { size }]) => sum + size, 0);
  expect(model.parameterCount - scaleCount).toBe(19_069_955);
  const { outputShape, layers, multiplyAdds } = await describeModel(published, [116, 132, 132]);
  expect(outputShape).toEqual([1, 28, 44, 44, 3]);
  expect(layers[0]).toMatchObject({
    path: 'encoders.0.basic_module.SingleConv1.conv',
    type: 'Conv3d',
    outputShape: [1, 114, 130, 130, 32],
    multiplyAdds: 114 * 130 * 130 * 27 * 3 * 32,
  });
  expect(layers.filter(({ type }) => type === 'ConvTranspose3d')).toHaveLength(3);
  expect(multiplyAdds).toBe(layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0));
});

test('says which sizes and channels it takes', async () => {
  const refused = (size: number[]) => describeModel(published, size);
  await expect(refused([116, 132, 130])).rejects.toMatchObject({
    code: 'model/input-shape',
    message: expect.stringContaining('Resize or pad the volumes to 116×132×124 or 116×132×132') as string,
  });
  await expect(refused([132, 132])).rejects.toMatchObject({ code: 'model/input-shape' });
  const model = buildVolumeModel({
    decoder: { name: 'unet3d', fMaps: 8, numGroups: 4 },
    inChannels: 1,
    classes: 1,
  });
  const forward = (shape: [number, number, number, number, number]) =>
    tf.tidy(() => model.forward(tf.zeros(shape), { training: false }).logits.shape);
  expect(forward([1, 8, 9, 15, 1])).toEqual([1, 8, 9, 15, 1]);
  expect(() => forward([1, 7, 8, 8, 1])).toThrow('depth, height and width');
  expect(() => forward([1, 8, 8, 8, 2])).toThrow('The volume does not have the channels');
  setOutputPrior(model, [0.25]);
  expect(1 / (1 + Math.exp(-model.outputs[0].bias!.variable.dataSync()[0]!))).toBeCloseTo(0.25);
  model.dispose();
});

test.each<[string, object, string]>([
  ['a misspelt option', { fmaps: 16 }, 'decoder: unknown option fmaps (did you mean fMaps?)'],
  ['a misspelt order', { layerOrder: 'rcg' }, 'decoder.layerOrder'],
  ['groups that do not divide', { fMaps: 24 }, 'decoder.numGroups: expected a divisor of the channels'],
])('refuses %s', (_, options, message) => {
  const model = { decoder: { name: 'unet3d', ...options }, inChannels: 1, classes: 1 };
  expect(() => parseAnyModel(model)).toThrow(message);
});

test('is no model for images', () => {
  const volumes = { decoder: { name: 'unet3d' }, inChannels: 1, classes: 1 };
  expect(parseAnyModel(volumes).decoder).toMatchObject({ name: 'unet3d', fMaps: 64, numLevels: 4 });
  expect(() => parseModel(volumes)).toThrow(
    'decoder.name: unet3d is a network for volumes, and this takes images; there are unet, unetplusplus',
  );
});

test('runModel writes its logits from files', async () => {
  const place = await mkdtemp(join(tmpdir(), 'volumes-'));
  const golden = readGolden('unet3d-odd');
  const [weightsPath, inputPath, outputPath] = ['weights', 'x', 'logits'].map((name) =>
    join(place, `${name}.safetensors`),
  ) as [string, string, string];
  const shape = [2, golden.options.inChannels, ...golden.size];
  const x: HostTensor = { dtype: 'F32', shape, data: filled(golden.input, elementCount(shape), -2, 2) };
  await writeSafetensors(weightsPath, filledState(assembleVolumeModel(parseVolumeModel(golden.options))));
  await writeSafetensors(inputPath, new Map([['x', x]]));
  const paths = { weightsPath, inputPath, outputPath };
  expect(await runModel({ model: golden.options, ...paths })).toEqual({ shape: golden.evaluated.shape });
  const logits = (await readSafetensors(outputPath)).tensors.get('logits')!;
  expect(difference('logits', toFloat32(logits), golden.evaluated)).toBeLessThan(TOLERANCE);

  const image: HostTensor = { dtype: 'F32', shape: [1, 2, 8, 8], data: new Float32Array(128) };
  await writeSafetensors(inputPath, new Map([['x', image]]));
  await expect(runModel({ model: golden.options, ...paths })).rejects.toMatchObject({
    code: 'model/input',
    message: expect.stringContaining('N×C×D×H×W') as string,
  });
  expect((await readFile(outputPath)).length).toBeGreaterThan(0);
  await rm(place, { recursive: true });
});

test('learns a ball in a noisy volume, in one compiled step', async () => {
  const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
  const decoder = { name: 'unet3d', fMaps: 8, numLevels: 2, layerOrder: 'cbr', upsample: 'upconv' } as const;
  const model = buildVolumeModel({ decoder, inChannels: 1, classes: 2 });
  const parameters = [...model.namedParameters()].map(([name, { variable }]) => ({ name, variable }));
  const optimizer = buildOptimizer({ name: 'adam', learningRate: 0.01 }, parameters);
  const loss = buildLoss([{ name: 'bce' }, { name: 'dice' }]);
  const step = compile(
    (x: tf.Tensor5D, labels: tf.Tensor5D, hyperparameters: tf.Tensor1D) => {
      const { value, grads } = tf.variableGrads(
        () => loss(stackSlices(model.forward(x, { training: true }).logits), stackSlices(labels)),
        parameters.map(({ variable }) => variable),
      );
      optimizer.update(
        parameters.map(({ variable }) => grads[variable.name]!),
        hyperparameters,
      );
      return value;
    },
    { name: 'volumeStep' },
  );
  const losses: number[] = [];
  for (let index = 0; index < 60; index++) {
    const batch = balls(index);
    const hyperparameters = tf.tensor1d(optimizer.hyperparameters(index + 1, { learningRate: 0.01 }));
    const value = await step(batch.x, batch.labels, hyperparameters);
    losses.push((await value.data())[0]!);
    tf.dispose([value, hyperparameters, batch.x, batch.labels]);
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(step.traces).toBe(1);
  expect(mean(losses.slice(-5)) / mean(losses.slice(0, 5))).toBeLessThan(0.5);
  step.dispose();
  optimizer.dispose();
  model.dispose();
  expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
});

/** Two volumes of noise, each with a bright ball (class 0) that has a dark core (class 1, inside class 0). */
function balls(seed: number): { x: tf.Tensor5D; labels: tf.Tensor5D } {
  const side = 12;
  const count = 2 * side ** 3;
  const x = filled(`ball ${seed}`, count, -0.5, 0.5);
  const labels = new Int32Array(count);
  for (let volume = 0; volume < 2; volume++) {
    const center = filled(`center ${seed} ${volume}`, 3, 4, 8);
    for (let index = 0; index < side ** 3; index++) {
      const place = [Math.floor(index / side ** 2), Math.floor(index / side) % side, index % side];
      const distance = Math.hypot(...place.map((at, axis) => at - center[axis]!));
      if (distance >= 4) continue;
      labels[volume * side ** 3 + index] = distance < 2 ? 3 : 1;
      x[volume * side ** 3 + index]! += distance < 2 ? -2 : 2;
    }
  }
  const shape = [2, side, side, side, 1] as [number, number, number, number, number];
  return { x: tf.tensor5d(x, shape), labels: tf.tensor5d(labels, shape, 'int32') };
}

function compare(name: string, actual: tf.Tensor5D, digest: Digest): void {
  const { shape, values } = volumeToTorch(actual);
  expect(shape).toEqual(digest.shape);
  expect(difference(name, values, digest), name).toBeLessThan(TOLERANCE);
}
