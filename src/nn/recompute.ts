import * as tf from '@tensorflow/tfjs-core';
import { after } from '../engine/ops/after.ts';
import type { Context } from './context.ts';
import type { Module } from './module.ts';

/** A part of a network, of one input and one output. */
export interface Segment {
  /** All modules that `compute` calls. */
  readonly modules: readonly Module[];
  /** A function of `x`, of the modules' values and of the context's seed, and of nothing else. */
  readonly compute: (x: tf.Tensor4D, context: Context) => tf.Tensor4D;
}

/** `segment.compute(x, context)`; where the context asks for it, what lies inside is not kept for the backward pass. */
export function computeStage(segment: Segment, x: tf.Tensor4D, context: Context): tf.Tensor4D {
  const recompute = context.training && context.recomputeStages === true;
  return recompute ? recomputed(segment, x, context) : segment.compute(x, context);
}

/**
 * `segment.compute(x, context)`, keeping only `x` for the backward pass, which computes the segment once more
 * (Chen et al. 2016, https://arxiv.org/abs/1604.06174). Values, gradients and running statistics are those of the plain
 * call; the same random numbers are drawn twice.
 */
export function recomputed({ modules, compute }: Segment, x: tf.Tensor4D, context: Context): tf.Tensor4D {
  const states = modules.flatMap((module) => [...module.namedState()].map(([, state]) => state));
  const trained = states.filter(({ trainable }) => trainable).map(({ variable }) => variable);
  const buffers = states.filter(({ kind }) => kind === 'buffer').map(({ variable }) => variable);

  const backward = (input: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor[] => {
    const again = after(input, dy);
    const { seed } = context;
    // Without the observer: to it the segment is computed once.
    const inner: Context = { training: context.training, ...(seed && { seed: after(seed, dy) }) };
    // The forward pass has updated them.
    const updated = buffers.map((buffer) => tf.clone(buffer));
    const grads = gradients(() => compute(again, inner), [again, ...trained], dy);
    buffers.forEach((buffer, index) => buffer.assign(updated[index]!));
    return grads;
  };
  const segment = tf.customGrad<tf.Tensor4D>((...inputs) => {
    const save = inputs.at(-1) as unknown as tf.GradSaveFunc;
    save([x]);
    return {
      value: compute(x, context),
      gradFunc: (dy, saved) => backward(saved[0] as tf.Tensor4D, dy),
    };
  });
  return segment(x, ...trained);
}

/** Gradients inside a gradient, where tfjs would drop the tape that it is walking. */
function gradients(f: () => tf.Tensor4D, xs: tf.Tensor[], dy: tf.Tensor4D): tf.Tensor[] {
  const engine = tf.engine();
  const { activeTape } = engine.state;
  try {
    // tfjs gives null where a tensor takes no part.
    const grads: (tf.Tensor | null | undefined)[] = engine.gradients(f, xs, dy).grads;
    return grads.map((gradient) => {
      if (gradient) return gradient;
      throw new Error('A segment that is recomputed must use all parameters of its modules');
    });
  } finally {
    engine.state.activeTape = activeTape;
  }
}
