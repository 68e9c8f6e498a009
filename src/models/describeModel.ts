import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { compile } from '../engine/compile.ts';
import { startEngine } from '../engine/engine.ts';
import { Conv2d } from '../nn/conv2d.ts';
import { ConvTranspose2d } from '../nn/convTranspose2d.ts';
import { Linear } from '../nn/linear.ts';
import type { Module } from '../nn/module.ts';
import { buildModel } from './buildModel.ts';
import type { ModelOptions } from './modelSchema.ts';
import type { SegmentationModel } from './segmentationModel.ts';

export interface LayerSummary {
  /** PyTorch's dotted path. */
  readonly path: string;
  /** Class of the layer, for example `Conv2d`. */
  readonly type: string;
  /** `[N, H, W, C]` */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly parameters: number;
  /** Multiplications with a weight, each with its addition. */
  readonly multiplyAdds: number;
  /** Of the output, in float32. */
  readonly outputBytes: number;
}

export interface ModelSummary {
  /** In order of computation. */
  readonly layers: readonly LayerSummary[];
  readonly inputShape: readonly number[];
  /** Of the logits. */
  readonly outputShape: readonly number[];
  readonly parameters: number;
  /** Those an optimizer changes. */
  readonly trainableParameters: number;
  readonly multiplyAdds: number;
  /** Of parameters and buffers on disk and in memory; an optimizer keeps up to twice the trained ones besides. */
  readonly stateBytes: number;
  /** Of all layers' outputs in float32: most of it training holds from the forward to the backward pass. */
  readonly activationBytes: number;
}

/** Of a float32. */
const BYTES = 4;
const LARGEST_SIDE = 65_536;

/**
 * Sizes and costs of every layer for one image in inference, by tracing: nothing is computed. Starts the engine.
 *
 * @param size Height and width of the image in pixels, up to 65,536. Default 512 by 512.
 * @throws PhalanxError `model/options`, `model/input-shape`
 */
export async function describeModel(
  options: ModelOptions,
  size: readonly [height: number, width: number] = [512, 512],
): Promise<ModelSummary> {
  if (!size.every((side) => Number.isInteger(side) && side >= 1 && side <= LARGEST_SIDE)) {
    throw new PhalanxError('model/input-shape', {
      what: 'The image has an impossible size',
      expected: `height and width from 1 to ${LARGEST_SIDE}`,
      received: size.join('×'),
    });
  }
  await startEngine();
  const model = buildModel(options);
  const inputShape = [1, ...size, model.inChannels] as const;
  try {
    const { layers, outputShape } = await traceLayers(model, inputShape);
    let trainableParameters = 0;
    for (const [, parameter] of model.namedParameters()) trainableParameters += parameter.size;
    return {
      layers,
      inputShape,
      outputShape,
      parameters: model.parameterCount,
      trainableParameters,
      multiplyAdds: layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0),
      stateBytes: [...model.namedState()].reduce((sum, [, { size }]) => sum + size * BYTES, 0),
      activationBytes: layers.reduce((sum, layer) => sum + layer.outputBytes, 0),
    };
  } finally {
    model.dispose();
  }
}

async function traceLayers(
  model: SegmentationModel,
  inputShape: readonly [number, number, number, number],
): Promise<{ layers: readonly LayerSummary[]; outputShape: readonly number[] }> {
  const paths = new Map([...model.namedModules()].map(([path, module]) => [module, path]));
  const layers: LayerSummary[] = [];
  let outputShape: readonly number[] = [];
  const observe = (layer: Module, input: tf.Tensor, output: tf.Tensor): void => {
    layers.push({
      path: paths.get(layer) ?? '',
      type: layer.constructor.name,
      inputShape: [...input.shape],
      outputShape: [...output.shape],
      parameters: layer.parameterCount,
      multiplyAdds: multiplyAdds(layer, input, output),
      outputBytes: output.size * BYTES,
    });
  };
  const shapesAreKnown = new Error('All shapes are known');
  const trace = compile(
    (): tf.Tensor => {
      const x = tf.broadcastTo<tf.Rank.R4>(tf.zeros([1, 1, 1, 1]), [...inputShape]);
      outputShape = [...model.forward(x, { training: false, observe }).logits.shape];
      // Leaving here keeps the function from being run.
      throw shapesAreKnown;
    },
    { name: 'describeModel' },
  );
  await trace().catch((error: unknown) => {
    if (error !== shapesAreKnown) throw error;
  });
  trace.dispose();
  return { layers, outputShape };
}

function multiplyAdds(layer: Module, input: tf.Tensor, output: tf.Tensor): number {
  if (layer instanceof Conv2d) return (output.size / layer.options.outChannels) * layer.weight.size;
  if (layer instanceof ConvTranspose2d) return (input.size / layer.options.inChannels) * layer.weight.size;
  if (layer instanceof Linear) return (output.size / layer.options.outChannels) * layer.weight.size;
  return 0;
}
