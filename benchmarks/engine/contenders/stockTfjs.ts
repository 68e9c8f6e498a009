/**
 * Stock tfjs' side of the engine suite: U-Net/ResNet-18 in tfjs-layers on tfjs-node's own kernels, eager, over the same
 * TensorFlow. tfjs has no AdamW, so it runs Adam; strided convolutions are padded by tfjs' rule. Normalized float images
 * and unpacked float masks in, as for PyTorch.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { startEngine } from '../../../src/engine/engine.ts';
import { forgetPeak, peakBytes, serve, timed } from '../../serve.ts';
import { shape } from '../works.ts';
import type { ContenderSpec, Work } from '../works.ts';

const spec = JSON.parse(process.argv[2]!) as ContenderSpec;
const { size, batch } = spec;
const { classes } = shape;
await startEngine({ threads: spec.threads });

type Symbolic = layers.SymbolicTensor;
const apply = (layer: { apply(x: Symbolic | Symbolic[]): unknown }, x: Symbolic | Symbolic[]): Symbolic =>
  layer.apply(x) as Symbolic;

const relu = (x: Symbolic): Symbolic => apply(layers.layers.reLU(), x);

function convolution(x: Symbolic, filters: number, kernelSize: number, strides = 1): Symbolic {
  const convolved = apply(
    layers.layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false }),
    x,
  );
  return apply(layers.layers.batchNormalization(), convolved);
}

function residual(x: Symbolic, filters: number, strides: number): Symbolic {
  const inner = convolution(relu(convolution(x, filters, 3, strides)), filters, 3);
  const same = strides === 1 && x.shape.at(-1) === filters;
  return relu(apply(layers.layers.add(), [inner, same ? x : convolution(x, filters, 1, strides)]));
}

function unetResnet18(): layers.LayersModel {
  const input = layers.input({ batchShape: [batch, size, size, 3] });
  const stem = relu(convolution(input, 64, 7, 2));
  const skips = [stem];
  let x = apply(layers.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), stem);
  for (const [index, filters] of [64, 128, 256, 512].entries()) {
    x = residual(residual(x, filters, index === 0 ? 1 : 2), filters, 1);
    skips.push(x);
  }
  skips.pop();
  for (const filters of [256, 128, 64, 32, 16]) {
    x = apply(layers.layers.upSampling2d({ size: [2, 2] }), x);
    const skip = skips.pop();
    if (skip !== undefined) x = apply(layers.layers.concatenate(), [x, skip]);
    x = relu(convolution(relu(convolution(x, filters, 3)), filters, 3));
  }
  const logits = apply(layers.layers.conv2d({ filters: classes, kernelSize: 3, padding: 'same' }), x);
  return layers.model({ inputs: input, outputs: logits });
}

/** 5 · BCE + Dice of logits, as on the other sides. */
function loss(targets: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  const bce = tf.losses.sigmoidCrossEntropy(targets, logits);
  const p = tf.sigmoid(logits);
  const intersection = tf.sum(tf.mul(p, targets), [0, 1, 2]);
  const area = tf.mul(tf.add(tf.sum(p, [0, 1, 2]), tf.sum(targets, [0, 1, 2])), 0.5);
  const dice = tf.mean(tf.sub(1, tf.div(intersection, tf.maximum(area, 1e-7))));
  return tf.add(tf.mul(bce, 5), dice);
}

const x = tf.randomNormal([batch, size, size, 3]);
const y = tf.tidy(() => tf.cast(tf.less(tf.randomUniform([batch, size, size, classes]), 0.05), 'float32'));
const model = unetResnet18();

const runs: Readonly<Record<Work, () => Promise<void>>> = {
  inference: async () => {
    const logits = model.predictOnBatch(x) as tf.Tensor;
    // Eager kernels compute before they return; this reads one value to be sure of it.
    const one = tf.tidy(() => tf.slice(tf.reshape(logits, [-1]), 0, 1));
    await one.data();
    tf.dispose([logits, one]);
  },
  'training step': async () => {
    const value = await model.trainOnBatch(x, y);
    if (!Number.isFinite(value)) throw new Error(`the loss became ${String(value)}`);
  },
};

await serve({
  prepare: async ({ work }) => {
    if (work !== 'inference') model.compile({ optimizer: tf.train.adam(1e-3), loss });
    const run = runs[work as Work];
    await run();
    const startPeakBytes = peakBytes();
    forgetPeak();
    return { startPeakBytes };
  },
  run: async ({ work }) => ({ seconds: await timed(runs[work as Work]), peakBytes: peakBytes() }),
});
