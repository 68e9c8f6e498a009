import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { compile } from '../engine/compile.ts';
import { startEngine } from '../engine/engine.ts';
import { Conv2d } from '../nn/conv2d.ts';
import { Conv3d } from '../nn/conv3d.ts';
import { ConvTranspose2d } from '../nn/convTranspose2d.ts';
import { ConvTranspose3d } from '../nn/convTranspose3d.ts';
import { Linear } from '../nn/linear.ts';
import type { Module } from '../nn/module.ts';
import { buildAnyModel, logitsOf, takesVolumes } from './anyModel.ts';
import type { AnyModel, AnyModelOptions } from './anyModel.ts';

export interface LayerSummary {
  /** PyTorch's dotted path. */
  readonly path: string;
  /** Class of the layer, for example `Conv2d`. */
  readonly type: string;
  /** `[N, H, W, C]`; `[N, D, H, W, C]` of layers for volumes. */
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
 * Sizes and costs of every layer for one image or volume in inference, by tracing: nothing is computed. Starts the
 * engine.
 *
 * @param size Height and width of the image in pixels, up to 65,536; default 512 by 512. Of a volume its depth before
 *   them; default 128 each.
 * @throws PhalanxError `model/options`, `model/input-shape`
 */
export async function describeModel(
  options: AnyModelOptions,
  size: readonly number[] = takesVolumes(options) ? [128, 128, 128] : [512, 512],
): Promise<ModelSummary> {
  const sides = takesVolumes(options) ? ['depth', 'height', 'width'] : ['height', 'width'];
  const possible = size.every((side) => Number.isInteger(side) && side >= 1 && side <= LARGEST_SIDE);
  if (!possible || size.length !== sides.length) {
    throw new PhalanxError('model/input-shape', {
      what: 'The input has an impossible size',
      expected: `${sides.join(', ')} from 1 to ${LARGEST_SIDE}`,
      received: size.join('×'),
    });
  }
  await startEngine();
  const model = buildAnyModel(options);
  const inputShape = [1, ...size, model.inChannels];
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
  model: AnyModel,
  inputShape: readonly number[],
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
      const x = tf.broadcastTo(tf.zeros(inputShape.map(() => 1)), [...inputShape]);
      outputShape = [...logitsOf(model, x, { training: false, observe }).shape];
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
  if (layer instanceof Conv2d || layer instanceof Conv3d || layer instanceof Linear) {
    return (output.size / layer.options.outChannels) * layer.weight.size;
  }
  if (layer instanceof ConvTranspose2d || layer instanceof ConvTranspose3d) {
    return (input.size / layer.options.inChannels) * layer.weight.size;
  }
  return 0;
}
