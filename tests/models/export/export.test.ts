import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nativeTensorCount, startEngine } from '../../../src/engine/engine.ts';
import type { Graph } from '../../../src/engine/graph/record.ts';
import { recordGraph } from '../../../src/engine/graph/record.ts';
import { freeBatch } from '../../../src/engine/graph/freeBatch.ts';
import { nativeType } from '../../../src/engine/native.ts';
import { startedEngine } from '../../../src/engine/running.ts';
import type { TensorFunction } from '../../../src/engine/traceFunction.ts';
import { buildModel } from '../../../src/models/buildModel.ts';
import { exportWeights } from '../../../src/models/export/exportWeights.ts';
import { toOnnx } from '../../../src/models/export/onnx/convert.ts';
import { permute } from '../../../src/models/export/onnx/permute.ts';
import { recordModel } from '../../../src/models/export/recordModel.ts';
import { parseModel } from '../../../src/models/modelSchema.ts';
import { assembleModel } from '../../../src/models/registry.ts';
import { writeSafetensors } from '../../../src/nn/safetensors/write.ts';
import { loadStateDict } from '../../../src/nn/stateDict.ts';
import { decode, messages, texts } from '../../core/protobuf.ts';
import { filled, filledState } from '../formula.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-'));
  await startEngine();
});
afterAll(() => rm(folder, { recursive: true }));

/** Computes a graph op by op. */
function execute(graph: Graph, x: Float32Array, shape: readonly number[]): Float32Array {
  const { native } = startedEngine();
  const tensors = new Map([[graph.inputs[0]!, native.createTensor(shape, nativeType.float32, x)]]);
  for (const [value, data] of graph.constants) {
    const spec = graph.values.get(value)!;
    tensors.set(value, native.createTensor(spec.shape, spec.type, data));
  }
  for (const { type, attributes, inputs, outputs } of graph.ops) {
    const ids = inputs.map((input) => tensors.get(input)!);
    native
      .executeOp(type, attributes, ids, outputs.length)
      .forEach(({ id }, position) => tensors.set(outputs[position]!, id));
  }
  const result = native.tensorDataSync(tensors.get(graph.outputs[0]!)!) as Float32Array;
  for (const id of tensors.values()) native.deleteTensor(id);
  return result;
}

describe('a recorded model', () => {
  test.each([
    ['unet', 'resnet18'],
    ['unet', 'mit_b0'],
    ['linknet', 'resnet18'],
    ['deeplabv3plus', 'efficientnet-b0'],
  ])('computes the logits of %s on %s for batches of any size', (decoder, encoder) => {
    const options = parseModel({
      decoder: { name: decoder },
      encoder: { name: encoder },
      inChannels: 3,
      classes: 2,
    });
    const before = nativeTensorCount();
    const model = buildModel(options);
    loadStateDict(model, filledState(model));
    const { graph, anyBatch } = recordModel(model, [64, 96]);
    expect(anyBatch).toBe(true);
    expect(graph.ops.filter(({ type }) => type.startsWith('Phalanx'))).toEqual([]);
    const shape = [2, 3, 64, 96] as const;
    const x = filled('x', 2 * 3 * 64 * 96, -2, 2);
    const actual = execute(graph, x, shape);
    const logits = tf.tidy(() => {
      const images = tf.transpose(tf.tensor4d(x, [...shape]), [0, 2, 3, 1]);
      return tf.transpose(model.forward(images, { training: false }).logits, [0, 3, 1, 2]);
    });
    const expected = logits.dataSync<'float32'>();
    logits.dispose();
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(actual).toHaveLength(expected.length);
    const error = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    expect(error / largest).toBeLessThan(1e-4);
    model.dispose();
    expect(nativeTensorCount()).toBe(before);
  });
});

describe('freeBatch', () => {
  const record = (fn: (x: tf.Tensor2D) => tf.Tensor, batch: number) =>
    recordGraph(fn as unknown as TensorFunction, {
      name: 'test',
      specs: [{ type: nativeType.float32, shape: [batch, 6] }],
    });

  test('leaves the size of the batch open where it is told', () => {
    const fn = (x: tf.Tensor2D) => tf.slice(tf.reshape(x, [x.shape[0], 2, 3]), [0, 0, 1], [x.shape[0], 2, 2]);
    const graph = freeBatch(record(fn, 5), record(fn, 7))!;
    expect(graph.values.get(graph.outputs[0]!)!.shape).toEqual([-1, 2, 2]);
    const x = Float32Array.from({ length: 12 }, (_, index) => index);
    expect([...execute(graph, x, [2, 6])]).toEqual([1, 2, 4, 5, 7, 8, 10, 11]);
  });

  test('is not possible where the batch is a factor, or changes what is computed', () => {
    const scaled = (x: tf.Tensor2D) => tf.mul(x, x.shape[0]);
    expect(freeBatch(record(scaled, 5), record(scaled, 7))).toBeUndefined();
    const branching = (x: tf.Tensor2D) => (x.shape[0] > 6 ? tf.relu(x) : x.clone());
    expect(freeBatch(record(branching, 5), record(branching, 7))).toBeUndefined();
  });
});

describe('ONNX', () => {
  test('has no transpositions within a convolutional network, and names x and logits', () => {
    const model = buildModel(
      parseModel({ decoder: { name: 'unet' }, encoder: { name: 'resnet18' }, inChannels: 3, classes: 2 }),
    );
    const onnx = toOnnx(recordModel(model, [64, 96]).graph, {});
    model.dispose();
    const types = onnx.nodes.map(({ type }) => type);
    expect(types).not.toContain('Transpose');
    expect(types.filter((type) => type === 'Conv')).toHaveLength(31);
    expect(onnx.inputs).toEqual([{ name: 'x', shape: ['N', 3, 64, 96] }]);
    expect(onnx.outputs).toEqual([{ name: 'logits', shape: ['N', 2, 64, 96] }]);
    const known = new Set(['', 'x', ...onnx.initializers.map(({ name }) => name)]);
    for (const { inputs, outputs } of onnx.nodes) {
      expect(inputs.filter((input) => !known.has(input))).toEqual([]);
      for (const output of outputs) known.add(output);
    }
  });

  test('names an op that it cannot write', () => {
    const graph = recordGraph(((x: tf.Tensor1D) => tf.cumsum(x)) as unknown as TensorFunction, {
      name: 'test',
      specs: [{ type: nativeType.float32, shape: [4] }],
    });
    expect(() => toOnnx(graph, {})).toThrow(
      expect.objectContaining({
        code: 'export/op',
        parts: expect.objectContaining({ received: 'Cumsum' }) as unknown,
      }),
    );
  });

  test('permutes as transpose does', () => {
    const values = Float32Array.from({ length: 120 }, (_, index) => index);
    const expected = tf.tidy(() => tf.transpose(tf.tensor4d(values, [2, 3, 4, 5]), [3, 0, 2, 1]).dataSync());
    expect([...permute(values, [2, 3, 4, 5], [3, 0, 2, 1])]).toEqual([...expected]);
  });
});

describe('exportWeights', () => {
  const model = { decoder: { name: 'unet' }, encoder: { name: 'resnet18' }, inChannels: 3, classes: 2 };
  const weightsPath = () => join(folder, 'weights.safetensors');
  beforeAll(() => writeSafetensors(weightsPath(), filledState(assembleModel(parseModel(model)))));

  test('writes an ONNX file of operator set 18 that holds the model', async () => {
    const outputPath = join(folder, 'model.onnx');
    const report = await exportWeights({
      model,
      weightsPath: weightsPath(),
      format: 'onnx',
      size: [64, 96],
      outputPath,
    });
    expect(report).toEqual({ path: outputPath, input: ['N', 3, 64, 96] });
    const file = decode(await readFile(outputPath));
    expect(messages(file, 8).map((each) => each.get(2))).toEqual([[18n]]);
    const [metadata] = messages(file, 14);
    expect(texts(metadata!, 1)).toEqual(['model']);
    expect(JSON.parse(texts(metadata!, 2)[0]!)).toMatchObject(model);
    const [graph] = messages(file, 7);
    const bytes = messages(graph!, 5).reduce((sum, each) => sum + (each.get(9)![0] as Uint8Array).length, 0);
    // Every weight once: those of the network and of its biases.
    expect(bytes).toBeGreaterThan(4 * 14e6);
    expect(bytes).toBeLessThan(4 * 14.5e6);
  });

  test('writes a SavedModel with the signature serving_default', async () => {
    const outputPath = join(folder, 'saved');
    await exportWeights({
      model,
      weightsPath: weightsPath(),
      format: 'savedmodel',
      size: [64, 96],
      outputPath,
    });
    expect(await readdir(outputPath)).toEqual(['saved_model.pb']);
    const [metaGraph] = messages(decode(await readFile(join(outputPath, 'saved_model.pb'))), 2);
    expect(texts(messages(metaGraph!, 1)[0]!, 4)).toEqual(['serve']);
    const nodes = messages(messages(metaGraph!, 2)[0]!, 1);
    const names = new Set(nodes.flatMap((node) => texts(node, 1)));
    expect(names.size).toBe(nodes.length);
    for (const input of nodes.flatMap((node) => texts(node, 3))) expect(names).toContain(input.split(':')[0]);
    const [signature] = messages(metaGraph!, 5);
    expect(texts(signature!, 1)).toEqual(['serving_default']);
    const [definition] = messages(signature!, 2);
    const ends = [1, 2].flatMap((field) => messages(definition!, field));
    expect(ends.flatMap((end) => texts(end, 1))).toEqual(['x', 'logits']);
  });

  test('writes nothing of weights that do not fit', async () => {
    const outputPath = join(folder, 'none.onnx');
    const options = { weightsPath: weightsPath(), format: 'onnx', size: [64, 96], outputPath } as const;
    await expect(exportWeights({ model: { ...model, classes: 3 }, ...options })).rejects.toMatchObject({
      code: 'model/state-mismatch',
    });
    expect(await readdir(folder)).not.toContain('none.onnx');
  });
});
