import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportRun } from '../../src/experiment/exportRun.ts';
import { exportRunGraph } from '../../src/experiment/exportRunGraph.ts';
import { createRun } from '../../src/experiment/runDirectory.ts';
import type { Run } from '../../src/experiment/runDirectory.ts';
import { experimentSchema } from '../../src/experiment/schema.ts';
import { modelConfig } from '../../src/experiment/resolve.ts';
import { assembleModel } from '../../src/models/registry.ts';
import type { StateDict } from '../../src/nn/safetensors/format.ts';
import { readSafetensors } from '../../src/nn/safetensors/read.ts';
import { writeSafetensors } from '../../src/nn/safetensors/write.ts';
import { checkpointPath } from '../../src/training/checkpoint.ts';
import { decode, messages, texts } from '../core/protobuf.ts';
import { filledState } from '../models/formula.ts';
import { minimal } from './declarations.ts';

const model = {
  decoder: { name: 'unet', channels: [16, 16, 16] },
  encoder: { name: 'resnet18', depth: 3 },
} as const;
const config = experimentSchema.parse({ ...minimal, model });
const state = filledState(assembleModel(modelConfig(config, 4, 'the test')));

let folder: string;
let run: Run;
const outputPath = () => join(folder, 'out.safetensors');

async function withCheckpoint(tensors: StateDict): Promise<void> {
  await writeSafetensors(checkpointPath(join(run.directory, 'checkpoints'), 'best'), tensors);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-'));
  const sourcePath = join(folder, 'a.ts');
  await writeFile(sourcePath, 'export default {};\n');
  run = await createRun({
    root: join(folder, 'runs'),
    experiment: 'a',
    fold: 0,
    config,
    sourcePath,
    id: 'one',
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** Of a few numbers each: vitest compares typed arrays value by value. */
const sampled = (tensors: StateDict) =>
  Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, [shape, data.slice(0, 3)]]));

describe('exportRun', () => {
  test('writes the whole model with its options', async () => {
    await withCheckpoint(state);
    expect(await exportRun({ run, outputPath: outputPath() })).toEqual({ tensors: state.size });
    const { tensors, metadata } = await readSafetensors(outputPath());
    expect(sampled(tensors)).toEqual(sampled(state));
    expect(metadata).toMatchObject({ format: 'pt', run: 'one' });
    expect(JSON.parse(metadata['model']!)).toMatchObject({ ...model, inChannels: 3, classes: 4 });
  });

  test('writes the encoder under its own names', async () => {
    await withCheckpoint(state);
    await exportRun({ run, encoderOnly: true, outputPath: outputPath() });
    const { tensors } = await readSafetensors(outputPath());
    const inside = [...state].filter(([name]) => name.startsWith('encoder.'));
    expect(sampled(tensors)).toEqual(
      sampled(new Map(inside.map(([name, tensor]) => [name.slice('encoder.'.length), tensor]))),
    );
  });

  test('refuses a checkpoint that is not of its model, and one that is not there', async () => {
    await withCheckpoint(new Map([...state].slice(1)));
    await expect(exportRun({ run, outputPath: outputPath() })).rejects.toMatchObject({
      code: 'model/state-mismatch',
    });
    const last = exportRun({ run, checkpoint: 'last', outputPath: outputPath() });
    await expect(last).rejects.toMatchObject({ code: 'safetensors/open' });
  });
});

test('exportRunGraph writes the model at the size of its images, and how they are normalized', async () => {
  await withCheckpoint(state);
  const path = join(folder, 'out.onnx');
  const { imageSize } = config.data;
  const sides = typeof imageSize === 'number' ? [imageSize, imageSize] : [imageSize.height, imageSize.width];
  const report = await exportRunGraph({ run, format: 'onnx', outputPath: path });
  expect(report).toEqual({ path, input: ['N', 3, ...sides] });
  const entries = messages(decode(await readFile(path)), 14);
  const metadata = Object.fromEntries(entries.map((entry) => [texts(entry, 1)[0]!, texts(entry, 2)[0]!]));
  expect(metadata['run']).toBe('one');
  expect(JSON.parse(metadata['normalization']!)).toMatchObject({ mean: [0.485, 0.456, 0.406] });
  const smaller = await exportRunGraph({ run, format: 'onnx', size: [32, 64], outputPath: path });
  expect(smaller.input).toEqual(['N', 3, 32, 64]);
});
