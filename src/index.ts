/**
 * What experiment files are written with. Everything else is imported from where it lives: `phalanx/labels/…`,
 * `phalanx/training/…`.
 */
export { defineEnsemble, defineExperiment, extendExperiment } from './experiment/define.ts';
export type { DataFormat, EnsembleDeclaration, ExperimentDeclaration } from './experiment/schema.ts';
export { fiveCrop, multiscale, tenCrop } from './inference/tta/options.ts';
export type { TtaSpec } from './inference/tta/options.ts';
export type { TransformSpec } from './augment/spec.ts';
export { compose, oneOf, sequential, someOf } from './augment/compose.ts';
export { affine } from './augment/transforms/affine.ts';
export { centerCrop } from './augment/transforms/centerCrop.ts';
export { clahe } from './augment/transforms/clahe.ts';
export { coarseDropout } from './augment/transforms/coarseDropout.ts';
export { emboss } from './augment/transforms/emboss.ts';
export { gaussNoise } from './augment/transforms/gaussNoise.ts';
export { gaussianBlur } from './augment/transforms/gaussianBlur.ts';
export { horizontalFlip } from './augment/transforms/horizontalFlip.ts';
export { fromJimp } from './augment/transforms/jimp.ts';
export { padIfNeeded } from './augment/transforms/padIfNeeded.ts';
export { randomBrightnessContrast } from './augment/transforms/randomBrightnessContrast.ts';
export { randomCrop } from './augment/transforms/randomCrop.ts';
export { randomGamma } from './augment/transforms/randomGamma.ts';
export { randomResizedCrop } from './augment/transforms/randomResizedCrop.ts';
export { resize } from './augment/transforms/resize.ts';
export { rotate } from './augment/transforms/rotate.ts';
export { sharpen } from './augment/transforms/sharpen.ts';
export { shiftScaleRotate } from './augment/transforms/shiftScaleRotate.ts';
export { verticalFlip } from './augment/transforms/verticalFlip.ts';
