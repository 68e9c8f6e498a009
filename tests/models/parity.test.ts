import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { EncoderDecoder } from '../../src/models/encoderDecoder.ts';
import { FCN } from '../../src/models/fcn.ts';
import { LRASPP } from '../../src/models/lraspp.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import { assembleModel } from '../../src/models/registry.ts';
import type { SegmentationModel } from '../../src/models/segmentationModel.ts';
import { loadStateDict, stateDict } from '../../src/nn/stateDict.ts';
import { toFloat32 } from '../../src/nn/safetensors/floats.ts';
import { elementCount } from '../../src/nn/safetensors/format.ts';
import { filled, filledState } from './formula.ts';
import {
  auxiliaryName,
  difference,
  fromTorch,
  goldenInput,
  goldenNames,
  readGolden,
  toTorch,
} from './golden.ts';
import type { Digest, Golden } from './golden.ts';

/** Largest difference to the original, computed in float64, relative to its largest value. */
const TOLERANCE = 1e-4;
/** As in tools/goldens/models.py. */
const LIFT = 5;
/** Gradients that are smaller than the model's largest by this factor are compared relative to that. */
const NEGLIGIBLE = 1e-2;

beforeAll(async () => {
  await startEngine();
});

describe.each(goldenNames)('%s', (name) => {
  const golden = readGolden(name);

  function build(lift = 0): SegmentationModel {
    const model = assembleModel(parseModel(golden.options));
    loadStateDict(model, filledState(model, lift));
    return model;
  }

  test('has the state dict and parameter count of the original, and infers as it does', async () => {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const model = build();
    const keys = [...model.namedState()].map(([key, { torchShape }]) => [key, torchShape]);
    expect(createHash('sha256').update(JSON.stringify(keys)).digest('hex')).toBe(golden.keys);
    expect(model.parameterCount).toBe(golden.parameters);
    const infer = compile(
      (x: tf.Tensor4D) => {
        const context = { training: false };
        return { features: [...featuresOf(model, x)], ...model.forward(x, context) };
      },
      { name: 'parity', precision: 'float32' },
    );
    const x = goldenInput(golden);
    const { features, logits, labels } = await infer(x);
    const { features: expected, logits: expectedLogits } = golden.evaluated;
    for (const [index, digest] of expected.entries()) {
      const feature = features.at(index - expected.length)!;
      if (digest === null) expect(feature.size).toBe(0);
      else compare(`feature ${index}`, feature, digest);
    }
    compare('logits', logits, expectedLogits);
    expect(labels !== undefined).toBe(golden.evaluated.labels !== undefined);
    if (labels !== undefined) {
      const { labels: expectedLabels } = golden.evaluated;
      expect(labels.shape).toEqual(expectedLabels!.shape);
      const values = labels.dataSync() as Float32Array;
      expect(difference('labels', values, expectedLabels!)).toBeLessThan(TOLERANCE);
      labels.dispose();
    }
    tf.dispose([features, logits, x]);
    infer.dispose();
    model.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  });

  test('normalizes by batch statistics as the original while training, and keeps them', async () => {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const model = build();
    const train = compile((x: tf.Tensor4D) => model.forward(x, { training: true }), {
      name: 'parity',
      precision: 'float32',
    });
    const x = goldenInput(golden);
    const output = await train(x);
    compare('logits', output.logits, golden.trained.logits);
    expect(output.auxiliary?.length).toBe(golden.trained.auxiliary?.length);
    for (const [index, auxiliary] of (output.auxiliary ?? []).entries()) {
      compare(auxiliaryName(index), auxiliary, golden.trained.auxiliary![index]!);
    }
    const state = stateDict(model);
    const loaded = filledState(model);
    for (const [key, digest] of Object.entries(golden.trained.running)) {
      // Below the chosen depth, some originals compute a stage for nothing.
      if (!isCalled(model, key)) expect(state.get(key)!.data, key).toEqual(loaded.get(key)!.data);
      else expect(difference(key, toFloat32(state.get(key)!), digest), key).toBeLessThan(TOLERANCE);
    }
    for (const [key, { data }] of state) {
      // Layers that are never called count nothing.
      if (key.endsWith('num_batches_tracked')) expect(data[0], key).toBe(isCalled(model, key) ? 8n : 7n);
    }
    tf.dispose([output, x]);
    train.dispose();
    model.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  });

  test('has the gradients of the original, and trains what has one', async () => {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const model = build(LIFT);
    const parameters = [...model.namedParameters()];
    const differentiate = compile(
      (x: tf.Tensor4D, direction: tf.Tensor4D, ...auxiliaryDirections: tf.Tensor4D[]) => {
        const { grads } = tf.variableGrads(
          () => {
            const { logits, auxiliary, labels } = model.forward(x, { training: true });
            let loss: tf.Scalar = tf.sum(tf.mul(logits, direction));
            if (labels !== undefined) {
              const labelsDirection = filled('labels direction', labels.size, -1, 1);
              loss = tf.add(loss, tf.sum(tf.mul(labels, tf.tensor(labelsDirection, labels.shape))));
            }
            return (auxiliary ?? []).reduce(
              (sum, side, index) => tf.add(sum, tf.sum(tf.mul(side, auxiliaryDirections[index]!))),
              loss,
            );
          },
          parameters.map(([, { variable }]) => variable),
        );
        return parameters.map(([, { variable }]) => grads[variable.name]!);
      },
      { name: 'parity', precision: 'float32' },
    );
    const inputs = [
      goldenInput(golden),
      directionOf('direction', golden),
      ...(golden.trained.auxiliary ?? []).map((_, index) =>
        directionOf(`${auxiliaryName(index)} direction`, golden),
      ),
    ] as const;
    const gradients = await differentiate(...inputs);
    const trained = Object.entries(golden.gradients).flatMap(([key, digest]) =>
      digest === null ? [] : [key],
    );
    expect(parameters.map(([key]) => key)).toEqual(trained);
    // In the parameters' place, the state dict gives the gradients in PyTorch's layout.
    for (const [index, [, parameter]] of parameters.entries()) parameter.assign(gradients[index]!);
    const state = stateDict(model);
    const tolerance = Math.max(TOLERANCE, 2 * (golden.float32Gradient ?? 0));
    const largest = Math.max(...trained.map((key) => golden.gradients[key]!.largest));
    for (const key of trained) {
      const digest = golden.gradients[key]!;
      // Some gradients are zero but for rounding: a bias whose effect the next normalization takes away.
      const scale = Math.max(digest.largest, largest * NEGLIGIBLE);
      expect(difference(key, toFloat32(state.get(key)!), digest, scale), key).toBeLessThan(tolerance);
    }
    tf.dispose([...inputs]);
    differentiate.dispose();
    model.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  });
});

/** Whether the batch normalization with this buffer is part of what the model trains. */
function isCalled(model: SegmentationModel, key: string): boolean {
  const weight = key.replace(/[^.]+$/, 'weight');
  return [...model.namedParameters()].some(([name]) => name === weight);
}

function featuresOf(model: SegmentationModel, x: tf.Tensor4D): readonly tf.Tensor4D[] {
  if (model instanceof EncoderDecoder) return model.encoder.forward(x, { training: false });
  if (model instanceof FCN) return model.backbone.forward(x, { training: false });
  if (model instanceof LRASPP) {
    const { low, high } = model.backbone.forward(x, { training: false });
    return [low, high];
  }
  // Networks without an encoder are compared by their logits alone.
  return [];
}

function directionOf(name: string, { evaluated }: Golden): tf.Tensor4D {
  const shape = evaluated.logits.shape as readonly [number, number, number, number];
  return fromTorch(filled(name, elementCount(shape), -1, 1), shape);
}

function compare(name: string, actual: tf.Tensor4D, digest: Digest): void {
  const { shape, values } = toTorch(actual);
  expect(shape).toEqual(digest.shape);
  expect(difference(name, values, digest), name).toBeLessThan(TOLERANCE);
}
