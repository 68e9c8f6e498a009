/**
 * What experiment files are written with. Everything else is imported from where it lives: `phalanx/labels/…`,
 * `phalanx/training/…`.
 */
export { defineEnsemble, defineExperiment, extendExperiment } from './experiment/define.ts';
export type { EnsembleDeclaration, ExperimentDeclaration } from './experiment/schema.ts';
