import { z } from 'zod';
import { adam, adamSchema, adamwSchema } from './adam.ts';
import type { Optimizer, TrainedParameter } from './optimizer.ts';
import { sgd, sgdSchema } from './sgd.ts';

export const optimizerSchema = z.discriminatedUnion('name', [adamwSchema, adamSchema, sgdSchema]);

/** An optimizer as an experiment writes it; defaults may be left out. */
export type OptimizerSpec = z.input<typeof optimizerSchema>;

/** The update rule that a specification describes, with fresh state for these parameters. */
export function buildOptimizer(spec: OptimizerSpec, parameters: readonly TrainedParameter[]): Optimizer {
  const settings = optimizerSchema.parse(spec);
  switch (settings.name) {
    case 'adamw':
    case 'adam':
      return adam(settings, parameters);
    case 'sgd':
      return sgd(settings, parameters);
    default:
      return settings satisfies never;
  }
}
