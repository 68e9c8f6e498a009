import type * as tf from '@tensorflow/tfjs-core';
import { zeros } from '@tensorflow/tfjs-core';
import { compile } from '../engine/compile.ts';
import { startEngine } from '../engine/engine.ts';
import { Conv2d } from '../nn/conv2d.ts';
import { ConvTranspose2d } from '../nn/convTranspose2d.ts';
import type { Module } from '../nn/module.ts';
import { buildModel } from './buildModel.ts';
import type { ModelOptions } from './modelSchema.ts';

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
}

/**
 * Sizes and costs of every layer for one image in inference. Starts the engine.
 *
 * @param size Height and width of the image in pixels. Default 512 by 512.
 * @throws PhalanxError `model/options`, `model/input-shape`
 */
export async function describeModel(
  options: ModelOptions,
  size: readonly [height: number, width: number] = [512, 512],
): Promise<ModelSummary> {
  await startEngine();
  const model = buildModel(options);
  const paths = new Map([...model.namedModules()].map(([path, module]) => [module, path]));
  const layers: LayerSummary[] = [];
  const observe = (layer: Module, input: tf.Tensor, output: tf.Tensor): void => {
    layers.push({
      path: paths.get(layer) ?? '',
      type: layer.constructor.name,
      inputShape: [...input.shape],
      outputShape: [...output.shape],
      parameters: layer.parameterCount,
      multiplyAdds: multiplyAdds(layer, input, output),
    });
  };
  const infer = compile((x: tf.Tensor4D) => model.forward(x, { training: false, observe }).logits, {
    name: 'describeModel',
  });
  const x = zeros<tf.Rank.R4>([1, ...size, model.inChannels]);
  try {
    const logits = await infer(x);
    const outputShape = [...logits.shape];
    logits.dispose();
    let trainableParameters = 0;
    for (const [, parameter] of model.namedParameters()) trainableParameters += parameter.size;
    return {
      layers,
      inputShape: [...x.shape],
      outputShape,
      parameters: model.parameterCount,
      trainableParameters,
      multiplyAdds: layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0),
    };
  } finally {
    x.dispose();
    infer.dispose();
    model.dispose();
  }
}

function multiplyAdds(layer: Module, input: tf.Tensor, output: tf.Tensor): number {
  if (layer instanceof Conv2d) return (output.size / layer.options.outChannels) * layer.weight.size;
  if (layer instanceof ConvTranspose2d) return (input.size / layer.options.inChannels) * layer.weight.size;
  return 0;
}
