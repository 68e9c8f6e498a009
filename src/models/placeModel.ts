import * as tf from '@tensorflow/tfjs-core';
import { compile } from '../engine/compile.ts';
import { startEngine } from '../engine/engine.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { recordPlacement } from '../engine/placement.ts';
import { buildAnyModel, logitsOf } from './anyModel.ts';
import type { AnyModelOptions } from './anyModel.ts';

/** How many ops of a kind were run on a device. */
export interface PlacedKind {
  readonly op: string;
  /** `CPU:0` or `GPU:0`. */
  readonly device: string;
  readonly count: number;
}

/**
 * Runs a model forward and backward on one image or volume and tells what was computed where, the most frequent ops first.
 * Starts the engine.
 *
 * @param size Height and width of the image in pixels, of a volume its depth before them.
 * @throws PhalanxError `model/options`, `model/input-shape`, and what starting the engine throws
 */
export async function placeModel(
  options: AnyModelOptions,
  size: readonly number[],
  engine: EngineOptions = {},
): Promise<readonly PlacedKind[]> {
  await startEngine(engine);
  const model = buildAnyModel(options);
  const seed = tf.tensor1d([0, 0], 'int32');
  const variables = [...model.namedParameters()].map(([, { variable }]) => variable);
  const pass = compile(
    (seeds: tf.Tensor1D) => {
      const x = tf.zeros([1, ...size, model.inChannels]);
      const mean = (): tf.Scalar => tf.mean(logitsOf(model, x, { training: true, seed: seeds }));
      return tf.variableGrads(mean, variables).grads;
    },
    { name: 'placeModel' },
  );
  try {
    const ops = await recordPlacement(async () => {
      tf.dispose(await pass(seed));
    });
    const counts = new Map<string, PlacedKind>();
    for (const { op, device } of ops) {
      const key = `${op} ${device}`;
      counts.set(key, { op, device, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    return [...counts.values()].sort((a, b) => b.count - a.count || (a.op < b.op ? -1 : 1));
  } finally {
    pass.dispose();
    seed.dispose();
    model.dispose();
  }
}
