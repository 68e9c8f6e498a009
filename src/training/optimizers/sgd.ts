import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { scalars } from '../../engine/ops/scalars.ts';
import type { Optimizer, TrainedParameter } from './optimizer.ts';
import { createState, disposeState } from './state.ts';

/** Stochastic gradient descent, as `torch.optim.SGD` without dampening. */
export const sgdSchema = z
  .strictObject({
    name: z.literal('sgd'),
    /** The schedule's start, or its peak. */
    learningRate: z.number().positive(),
    /** Share of the last update that is kept. */
    momentum: z.number().min(0).lt(1).default(0),
    /** Look ahead along the momentum; needs one above 0. */
    nesterov: z.boolean().default(false),
    /** L2 penalty, added to the gradient. */
    weightDecay: z.number().nonnegative().default(0),
    /** No decay for parameters of one dimension: biases and normalization. */
    excludeNormAndBias: z.boolean().default(false),
  })
  .refine(({ nesterov, momentum }) => !nesterov || momentum > 0, {
    path: ['nesterov'],
    message: 'Nesterov needs a momentum above 0',
  });

export type SgdSettings = z.output<typeof sgdSchema>;

/** Stochastic gradient descent as `torch.optim.SGD` computes it (no dampening). */
export function sgd(settings: SgdSettings, parameters: readonly TrainedParameter[]): Optimizer {
  const { nesterov, weightDecay, excludeNormAndBias } = settings;
  const buffers = createState(settings.momentum > 0 ? parameters : [], 'momentum_buffer');

  return {
    state: buffers.named,
    standstill: Float32Array.of(0, 1, 0),

    hyperparameters(_step, { learningRate, momentum = settings.momentum }) {
      return Float32Array.of(learningRate, momentum, weightDecay);
    },

    update(gradients, hyperparameters) {
      const [learningRate, momentum, decay] = scalars(hyperparameters, 3);
      for (const [index, { variable }] of parameters.entries()) {
        let gradient = gradients[index];
        if (gradient === undefined) continue;
        const buffer = buffers.variables[index];
        const decays = weightDecay > 0 && !(excludeNormAndBias && variable.rank <= 1);
        if (decays) gradient = tf.add(gradient, tf.mul(variable, decay!));
        let direction = gradient;
        if (buffer !== undefined) {
          const velocity = tf.add(tf.mul(buffer, momentum!), gradient);
          direction = nesterov ? tf.add(gradient, tf.mul(velocity, momentum!)) : velocity;
          buffer.assign(velocity);
        }
        variable.assign(tf.sub(variable, tf.mul(direction, learningRate!)));
      }
    },

    dispose() {
      disposeState(buffers);
    },
  };
}
