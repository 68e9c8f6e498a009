import { mergeDeclarations } from './overrides.ts';
import type { DeepPartial } from './overrides.ts';
import type { EnsembleDeclaration, ExperimentDeclaration } from './schema.ts';

/**
 * Declares an experiment; the default export of a file below `experiments/`.
 *
 * @example
 * export default defineExperiment({
 *   data: { root: 'data/hand-bone', imageSize: 512 },
 *   model: { decoder: { name: 'unet' }, encoder: { name: 'resnet34' } },
 *   loss: [{ name: 'bce', weight: 5 }, { name: 'dice' }],
 *   optimizer: { name: 'adamw', learningRate: 1e-3 },
 *   schedule: { name: 'oneCycle' },
 *   training: { length: { epochs: 50 }, batchSize: 4 },
 * });
 */
export function defineExperiment(experiment: ExperimentDeclaration): ExperimentDeclaration {
  return experiment;
}

/**
 * An experiment that differs from another in the given settings. Objects merge key by key, lists replace; where a
 * `name` changes, the options beside it are those given, since options belong to a name.
 */
export function extendExperiment(
  base: ExperimentDeclaration,
  changes: DeepPartial<ExperimentDeclaration>,
): ExperimentDeclaration {
  return mergeDeclarations(base, changes) as ExperimentDeclaration;
}

/** Declares an ensemble of trained runs; the default export of a file below `experiments/`. */
export function defineEnsemble(ensemble: EnsembleDeclaration): EnsembleDeclaration {
  return ensemble;
}
