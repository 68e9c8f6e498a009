import { z } from 'zod';
import { adamUpdate } from '../../engine/ops/adam.ts';
import { createState, disposeState } from './state.ts';
import type { Optimizer, TrainedParameter } from './optimizer.ts';

const settings = {
  /** The schedule's start, or its peak. */
  learningRate: z.number().positive(),
  /** Decay of the running means of the gradient and of its square. */
  betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).default([0.9, 0.999]),
  /** Added to the root of the squared gradient's mean. */
  epsilon: z.number().positive().default(1e-8),
  /** No decay for parameters of one dimension: biases and normalization. */
  excludeNormAndBias: z.boolean().default(false),
};

/** Adam with L2 regularization (Kingma and Ba 2015), as `torch.optim.Adam`. */
export const adamSchema = z.strictObject({
  name: z.literal('adam'),
  /** L2 penalty, added to the gradient. */
  weightDecay: z.number().nonnegative().default(0),
  ...settings,
});

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019), as `torch.optim.AdamW`. */
export const adamwSchema = z.strictObject({
  name: z.literal('adamw'),
  /** Decoupled decay: each step multiplies the weights by `1 - learningRate * weightDecay`. */
  weightDecay: z.number().nonnegative().default(0.01),
  ...settings,
});

export type AdamSettings = z.output<typeof adamSchema> | z.output<typeof adamwSchema>;

/**
 * Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) as `torch.optim.Adam` and `torch.optim.AdamW`
 * compute them. A momentum moved by the schedule is beta 1, in the bias correction too.
 */
export function adam(settings: AdamSettings, parameters: readonly TrainedParameter[]): Optimizer {
  const first = createState(parameters, 'exp_avg');
  const second = createState(parameters, 'exp_avg_sq');
  const { epsilon, weightDecay, excludeNormAndBias } = settings;
  const decoupled = settings.name === 'adamw';
  const [defaultBeta1, beta2] = settings.betas;

  return {
    state: new Map([...first.named, ...second.named]),
    standstill: Float32Array.of(0, epsilon, 0, 0, decoupled ? 1 : 0),

    hyperparameters(step, { learningRate, momentum: beta1 = defaultBeta1 }) {
      // Kingma and Ba, end of section 2: the corrections move into the step size and epsilon.
      const root = Math.sqrt(1 - beta2 ** step);
      const stepSize = (learningRate * root) / (1 - beta1 ** step);
      const decay = decoupled ? 1 - learningRate * weightDecay : weightDecay;
      return Float32Array.of(stepSize, epsilon * root, 1 - beta1, 1 - beta2, decay);
    },

    update(gradients, hyperparameters) {
      for (const [index, { variable }] of parameters.entries()) {
        const gradient = gradients[index];
        if (gradient === undefined) continue;
        const decays = weightDecay > 0 && !(excludeNormAndBias && variable.rank <= 1);
        const [m, v] = [first.variables[index]!, second.variables[index]!];
        const inputs = { parameter: variable, mean: m, square: v, gradient, hyperparameters };
        const updated = adamUpdate(inputs, !decays ? 'none' : decoupled ? 'decoupled' : 'l2');
        variable.assign(updated.parameter);
        m.assign(updated.mean);
        v.assign(updated.square);
      }
    },

    dispose() {
      disposeState(first, second);
    },
  };
}
