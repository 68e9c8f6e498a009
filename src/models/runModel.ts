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
import { buildModel } from './buildModel.ts';
import { parseModel } from './modelSchema.ts';
import { requirePadding } from './weights/requirePadding.ts';

export interface RunModelOptions {
  /** Options of the model as they come from outside: `decoder`, `encoder`, `inChannels`, `classes`. */
  readonly model: unknown;
  /** A state dict under PyTorch's names, for example of segmentation-models-pytorch. */
  readonly weightsPath: string;
  /** Holds tensor `x`: float32, N×inChannels×H×W. */
  readonly inputPath: string;
  /** Gets tensor `logits`: float32, N×classes×H×W, less the margin of a network without padding. */
  readonly outputPath: string;
}

/**
 * Computes a model's logits from files to a file, in float32: the door through which anyone checks parity.
 *
 * @returns Shape of the logits, N×classes×H×W.
 * @throws PhalanxError `model/options`, `model/input-shape`, `model/padding`, `model/state-mismatch`, `safetensors/*`, `file/write`
 */
export async function runModel({
  model: options,
  weightsPath,
  inputPath,
  outputPath,
}: RunModelOptions): Promise<{ readonly shape: readonly number[] }> {
  const config = parseModel(options);
  const input = await readInput(inputPath);
  const weights = await readSafetensors(weightsPath);
  requirePadding(weights.metadata, config.encoder, weightsPath);
  await startEngine();
  const model = buildModel(config);
  const infer = compile(
    (x: tf.Tensor4D) => {
      const { logits } = model.forward(tf.transpose(x, [0, 2, 3, 1]), { training: false });
      return tf.transpose(logits, [0, 3, 1, 2]);
    },
    { name: 'runModel', precision: 'float32' },
  );
  try {
    loadStateDict(model, weights.tensors, weightsPath);
    const [images, channels, height, width] = input.shape;
    const [outHeight, outWidth] = [height - 2 * model.margin, width - 2 * model.margin];
    const shape = [images, config.classes, outHeight, outWidth] as const;
    const data = new Float32Array(elementCount(shape));
    const pixels = channels * height * width;
    // One image after the other: they do not influence each other, and memory does not grow with their number.
    for (let image = 0; image < images; image++) {
      const x = tf.tensor4d(input.data.subarray(image * pixels, (image + 1) * pixels), [
        1,
        channels,
        height,
        width,
      ]);
      const logits = await infer(x);
      data.set(await logits.data(), image * logits.size);
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

async function readInput(path: string): Promise<{
  readonly shape: readonly [number, number, number, number];
  readonly data: Float32Array;
}> {
  const { tensors } = await readSafetensors(path);
  const x = tensors.get('x');
  if (x?.shape.length !== 4 || x.shape.includes(0)) {
    throw new PhalanxError('model/input', {
      what: 'The input file does not hold what a model takes',
      where: path,
      expected: 'a tensor x of shape N×C×H×W',
      received:
        x === undefined ? `tensors ${[...tensors.keys()].slice(0, 5).join(', ')}` : `[${x.shape.join(', ')}]`,
    });
  }
  return {
    shape: x.shape as readonly [number, number, number, number],
    data: toFloat32(x),
  };
}
