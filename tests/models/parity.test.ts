import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { EncoderDecoder } from '../../src/models/encoderDecoder.ts';
import { FCN } from '../../src/models/fcn.ts';
import type { SegmentationModel } from '../../src/models/segmentationModel.ts';
import { loadStateDict, stateDict } from '../../src/nn/stateDict.ts';
import { toFloat32 } from '../../src/nn/safetensors/floats.ts';
import { filled, filledState } from './formula.ts';
import { difference, fromTorch, goldenInput, goldenNames, readGolden, toTorch } from './golden.ts';
import type { Digest, Golden } from './golden.ts';

/** Largest difference to the original, computed in float64, relative to its largest value. */
const TOLERANCE = 1e-4;
/** Gradients pass through every batch statistic twice more. */
const GRADIENT_TOLERANCE = 1e-3;

beforeAll(async () => {
  await startEngine();
});

describe.each(goldenNames)('%s', (name) => {
  const golden = readGolden(name);

  function build(): SegmentationModel {
    const model = buildModel(golden.options);
    loadStateDict(model, filledState(model));
    return model;
  }

  test('has the state dict and parameter count of the original', () => {
    const model = buildModel(golden.options);
    const keys = [...model.namedState()].map(([key, { torchShape }]) => [key, torchShape]);
    expect(createHash('sha256').update(JSON.stringify(keys)).digest('hex')).toBe(golden.keys);
    expect(model.parameterCount).toBe(golden.parameters);
    model.dispose();
  });

  test('infers as the original, feature by feature', async () => {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const model = build();
    const infer = compile(
      (x: tf.Tensor4D) => {
        const context = { training: false };
        return { features: [...featuresOf(model, x)], logits: model.forward(x, context).logits };
      },
      { name: 'parity', precision: 'float32' },
    );
    const x = goldenInput(golden);
    const { features, logits } = await infer(x);
    const { features: expected, logits: expectedLogits } = golden.evaluated;
    for (const [index, digest] of expected.entries()) {
      compare(`feature ${index}`, features.at(index - expected.length)!, digest);
    }
    compare('logits', logits, expectedLogits);
    tf.dispose([features, logits, x]);
    infer.dispose();
    model.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  });

  test('trains as the original: logits, statistics, gradients', async () => {
    const before = { engine: nativeTensorCount(), tfjs: tf.memory().numTensors };
    const model = build();
    const parameters = [...model.namedParameters()];
    const step = compile(
      (x: tf.Tensor4D, direction: tf.Tensor4D, auxiliaryDirection: tf.Tensor4D) => {
        let output: { logits?: tf.Tensor; auxiliary?: tf.Tensor } = {};
        const { grads } = tf.variableGrads(
          () => {
            const { logits, auxiliary } = model.forward(x, { training: true });
            output = { logits: tf.keep(logits), ...(auxiliary && { auxiliary: tf.keep(auxiliary) }) };
            const loss = tf.sum(tf.mul(logits, direction));
            return tf.add(loss, auxiliary === undefined ? 0 : tf.sum(tf.mul(auxiliary, auxiliaryDirection)));
          },
          parameters.map(([, { variable }]) => variable),
        );
        return { output, gradients: parameters.map(([, { variable }]) => grads[variable.name]!) };
      },
      { name: 'parity', precision: 'float32' },
    );
    const [x, direction, auxiliaryDirection] = [
      goldenInput(golden),
      directionOf('direction', golden),
      directionOf('auxiliary direction', golden),
    ];
    const { output, gradients } = await step(x, direction, auxiliaryDirection);

    compare('logits', output.logits as tf.Tensor4D, golden.trained.logits);
    expect(output.auxiliary !== undefined).toBe(golden.trained.auxiliary !== undefined);
    if (golden.trained.auxiliary)
      compare('auxiliary', output.auxiliary as tf.Tensor4D, golden.trained.auxiliary);

    const state = stateDict(model);
    for (const [key, digest] of Object.entries(golden.trained.running)) {
      expect(difference(key, toFloat32(state.get(key)!), digest), key).toBeLessThan(TOLERANCE);
    }

    const untrained = Object.entries(golden.trained.gradients).filter(([, digest]) => digest === null);
    expect(parameters.length).toBe(Object.keys(golden.trained.gradients).length - untrained.length);
    // In the parameters' place, the state dict gives the gradients in PyTorch's layout.
    for (const [index, [, parameter]] of parameters.entries()) parameter.assign(gradients[index]!);
    const gradientDict = stateDict(model);
    for (const [key] of parameters) {
      const digest = golden.trained.gradients[key];
      expect(digest, key).not.toBeNull();
      expect(difference(key, toFloat32(gradientDict.get(key)!), digest!), key).toBeLessThan(
        GRADIENT_TOLERANCE,
      );
    }

    tf.dispose([output, x, direction, auxiliaryDirection]);
    step.dispose();
    model.dispose();
    expect({ engine: nativeTensorCount(), tfjs: tf.memory().numTensors }).toEqual(before);
  });
});

function featuresOf(model: SegmentationModel, x: tf.Tensor4D): readonly tf.Tensor4D[] {
  if (model instanceof EncoderDecoder) return model.encoder.forward(x, { training: false });
  if (model instanceof FCN) return model.backbone.forward(x, { training: false });
  throw new Error('A model without features');
}

function directionOf(name: string, { options, size: [height, width] }: Golden): tf.Tensor4D {
  const shape = [2, options.classes, height, width] as const;
  return fromTorch(filled(name, 2 * options.classes * height * width, -1, 1), shape);
}

function compare(name: string, actual: tf.Tensor4D, digest: Digest): void {
  const { shape, values } = toTorch(actual);
  expect(shape).toEqual(digest.shape);
  expect(difference(name, values, digest), name).toBeLessThan(TOLERANCE);
}
