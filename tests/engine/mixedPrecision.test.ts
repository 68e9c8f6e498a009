import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { batchNormTraining } from '../../src/engine/ops/batchNorm.ts';
import { conv2d } from '../../src/engine/ops/conv2d.ts';
import { exciteChannels } from '../../src/engine/ops/exciteChannels.ts';
import { gelu } from '../../src/engine/ops/gelu.ts';
import { layerNorm } from '../../src/engine/ops/layerNorm.ts';
import { upsampleConcat } from '../../src/engine/ops/upsampleConcat.ts';
import { normal } from './gradientCheck.ts';

beforeAll(async () => {
  await startEngine();
});

const channels = 8;
const filter = (name: string, inputs = channels) =>
  tf.mul<tf.Tensor4D>(normal([3, 3, inputs, channels], name), 0.2);

type Op = (x: tf.Tensor4D) => tf.Tensor4D;
const ones = (): tf.Tensor1D => tf.ones([channels]);
const ops: Readonly<Record<string, { readonly op: Op; readonly outputs?: number }>> = {
  'batch norm': { op: (x) => batchNormTraining(x, ones(), ones(), 1e-5, { activation: 'none' }).y },
  'batch norm and ReLU': {
    op: (x) => batchNormTraining(x, ones(), ones(), 1e-5, { activation: 'relu' }).y,
  },
  'batch norm and SiLU': {
    op: (x) => batchNormTraining(x, ones(), ones(), 1e-5, { activation: 'silu' }).y,
  },
  'batch norm and ReLU6': {
    op: (x) => batchNormTraining(x, ones(), ones(), 1e-5, { activation: 'relu6' }).y,
  },
  'batch norm and hard swish': {
    op: (x) => batchNormTraining(x, ones(), ones(), 1e-5, { activation: 'hardswish' }).y,
  },
  GELU: { op: (x) => gelu(x) },
  'layer norm': { op: (x) => layerNorm(x, ones(), ones(), 1e-5) },
  'batch norm, residual and ReLU': {
    op: (x) => batchNormTraining(x, ones(), ones(), 1e-5, { activation: 'relu', residual: x }).y,
  },
  'upsampling and concatenation': {
    op: (x) => upsampleConcat(x, [32, 32], [upsampleConcat(x, [32, 32], [])]),
    outputs: 2 * channels,
  },
  'squeeze and excitation': { op: (x) => exciteChannels(x, (means) => tf.mul(means, 2)) },
};

describe('between convolutions in bfloat16, our ops compute in bfloat16 too', () => {
  it.each(Object.entries(ops))('%s', async (_name, { op, outputs = channels }) => {
    const x = normal([2, 16, 16, channels], 'x') as tf.Tensor4D;
    const first = filter('first');
    const second = filter('second', outputs);
    const projection = normal([2, 16, 16, channels], 'projection');
    const compiled = (['float32', 'bfloat16'] as const).map((precision) =>
      compile(
        (input: tf.Tensor4D, w1: tf.Tensor4D, w2: tf.Tensor4D) => {
          const inner = (weights: tf.Tensor4D) => op(conv2d(input, weights, { padding: 1 }));
          const loss = (weights: tf.Tensor4D) => {
            const y = conv2d(inner(weights), w2, { padding: 1 });
            return tf.sum(tf.mul(tf.slice(y, [0, 0, 0, 0], [2, 16, 16, channels]), projection));
          };
          return { y: inner(w1), gradient: tf.grad((w) => loss(w as tf.Tensor4D))(w1) };
        },
        { name: 'ops', precision },
      ),
    );
    const [exact, rounded] = await Promise.all(compiled.map((run) => run(x, first, second)));
    const values = rounded!.y.dataSync();
    expect([...values].every((value) => isBfloat16(value))).toBe(true);
    expect([...exact!.y.dataSync()].every((value) => isBfloat16(value))).toBe(false);
    for (const name of ['y', 'gradient'] as const) {
      const difference = tf.tidy(() => {
        const [a, b] = [exact![name], rounded![name]];
        return tf.div(tf.norm(tf.sub(a, b)), tf.add(tf.norm(a), 1e-20)).dataSync()[0]!;
      });
      // Rounding also turns some of what ReLU lets through.
      expect(difference, name).toBeLessThan(0.06);
    }
    for (const run of compiled) run.dispose();
    tf.dispose([x, first, second, projection, exact!, rounded!]);
  });
});

function isBfloat16(value: number): boolean {
  return (new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff) === 0;
}
