import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { compile } from '../engine/compile.ts';
import { startEngine } from '../engine/engine.ts';
import { toFloat32 } from '../nn/safetensors/floats.ts';
import { elementCount } from '../nn/safetensors/format.ts';
import type { HostTensor } from '../nn/safetensors/format.ts';
import { readSafetensors } from '../nn/safetensors/read.ts';
import { writeSafetensors } from '../nn/safetensors/write.ts';
import { loadStateDict } from '../nn/stateDict.ts';
import { buildAnyModel, logitsOf, parseAnyModel, takesVolumes } from './anyModel.ts';
import { requirePadding } from './weights/requirePadding.ts';

export interface RunModelOptions {
  /** Options of the model as they come from outside: `decoder`, `encoder`, `inChannels`, `classes`. */
  readonly model: unknown;
  /** A state dict under PyTorch's names, for example of segmentation-models-pytorch. */
  readonly weightsPath: string;
  /** Holds tensor `x`: float32, N×inChannels×H×W; N×inChannels×D×H×W for a network on volumes. */
  readonly inputPath: string;
  /** Gets tensor `logits`: float32, N×classes×H×W (N×classes×D×H×W), less the margin of a network without padding. */
  readonly outputPath: string;
}

/**
 * Computes a model's logits from files to a file, in float32: the door through which anyone checks parity.
 *
 * @returns Shape of the logits, as they are written.
 * @throws PhalanxError `model/options`, `model/input-shape`, `model/padding`, `model/state-mismatch`, `safetensors/*`, `file/write`
 */
export async function runModel({
  model: options,
  weightsPath,
  inputPath,
  outputPath,
}: RunModelOptions): Promise<{ readonly shape: readonly number[] }> {
  const config = parseAnyModel(options);
  const sides = takesVolumes(config) ? ['D', 'H', 'W'] : ['H', 'W'];
  const input = await readInput(inputPath, sides);
  const weights = await readSafetensors(weightsPath);
  if ('encoder' in config) requirePadding(weights.metadata, config.encoder, weightsPath);
  await startEngine();
  const model = buildAnyModel(config);
  const axes = sides.map((_, axis) => axis + 1);
  const infer = compile(
    (x: tf.Tensor) => {
      const channelsLast = tf.transpose(x, [0, ...axes.map((axis) => axis + 1), 1]);
      return tf.transpose(logitsOf(model, channelsLast, { training: false }), [0, sides.length + 1, ...axes]);
    },
    { name: 'runModel', precision: 'float32' },
  );
  try {
    loadStateDict(model, weights.tensors, weightsPath);
    const [count, ...one] = input.shape as [number, ...number[]];
    const shape = [count, config.classes, ...one.slice(1).map((side) => side - 2 * model.margin)];
    const data = new Float32Array(elementCount(shape));
    const values = elementCount(one);
    // One image after the other: they do not influence each other, and memory does not grow with their number.
    for (let index = 0; index < count; index++) {
      const x = tf.tensor(input.data.subarray(index * values, (index + 1) * values), [1, ...one]);
      const logits = await infer(x);
      data.set(await logits.data(), index * logits.size);
      tf.dispose([x, logits]);
    }
    await writeSafetensors(
      outputPath,
      new Map<string, HostTensor>([['logits', { dtype: 'F32', shape, data }]]),
    );
    return { shape };
  } finally {
    infer.dispose();
    model.dispose();
  }
}

/** @param sides Letters of the axes behind the channels. */
async function readInput(
  path: string,
  sides: readonly string[],
): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }> {
  const { tensors } = await readSafetensors(path);
  const x = tensors.get('x');
  if (x?.shape.length !== sides.length + 2 || x.shape.includes(0)) {
    throw new PhalanxError('model/input', {
      what: 'The input file does not hold what a model takes',
      where: path,
      expected: `a tensor x of shape ${['N', 'C', ...sides].join('×')}`,
      received:
        x === undefined ? `tensors ${[...tensors.keys()].slice(0, 5).join(', ')}` : `[${x.shape.join(', ')}]`,
    });
  }
  return { shape: x.shape, data: toFloat32(x) };
}
