import type { z } from 'zod';
import { Affine } from './transforms/affine.ts';
import { CenterCrop } from './transforms/centerCrop.ts';
import { CLAHE } from './transforms/clahe.ts';
import { CoarseDropout } from './transforms/coarseDropout.ts';
import { CropNonEmptyMaskIfExists } from './transforms/cropNonEmptyMaskIfExists.ts';
import { D4 } from './transforms/d4.ts';
import { ElasticTransform } from './transforms/elasticTransform.ts';
import { Emboss } from './transforms/emboss.ts';
import { GaussianBlur } from './transforms/gaussianBlur.ts';
import { GaussNoise } from './transforms/gaussNoise.ts';
import { GridDistortion } from './transforms/gridDistortion.ts';
import { GridDropout } from './transforms/gridDropout.ts';
import { HistogramMatching } from './transforms/histogramMatching.ts';
import { HorizontalFlip } from './transforms/horizontalFlip.ts';
import { Jimp } from './transforms/jimp.ts';
import { MedianBlur } from './transforms/medianBlur.ts';
import { OpticalDistortion } from './transforms/opticalDistortion.ts';
import { PadIfNeeded } from './transforms/padIfNeeded.ts';
import { Perspective } from './transforms/perspective.ts';
import { RandomBrightnessContrast } from './transforms/randomBrightnessContrast.ts';
import { RandomCrop } from './transforms/randomCrop.ts';
import { RandomGamma } from './transforms/randomGamma.ts';
import { RandomResizedCrop } from './transforms/randomResizedCrop.ts';
import { RandomRotate90 } from './transforms/randomRotate90.ts';
import { Resize } from './transforms/resize.ts';
import { Rotate } from './transforms/rotate.ts';
import { SafeRotate } from './transforms/safeRotate.ts';
import { Sharpen } from './transforms/sharpen.ts';
import { ShiftScaleRotate } from './transforms/shiftScaleRotate.ts';
import { ToGray } from './transforms/toGray.ts';
import { Transpose } from './transforms/transpose.ts';
import { UnsharpMask } from './transforms/unsharpMask.ts';
import { VerticalFlip } from './transforms/verticalFlip.ts';

/** Refuses, when compiled, an entry whose key is not its transform's name. */
function keyedByName<const Registry extends { readonly [Key in keyof Registry]: { readonly name: Key } }>(
  registry: Registry,
): Registry {
  return registry;
}

/** Every transform of a single sample. A new one is a file in `transforms/` and a line here. */
export const registry = keyedByName({
  Affine,
  CenterCrop,
  CLAHE,
  CoarseDropout,
  CropNonEmptyMaskIfExists,
  D4,
  ElasticTransform,
  Emboss,
  GaussianBlur,
  GaussNoise,
  GridDistortion,
  GridDropout,
  HistogramMatching,
  HorizontalFlip,
  Jimp,
  MedianBlur,
  OpticalDistortion,
  PadIfNeeded,
  Perspective,
  RandomBrightnessContrast,
  RandomCrop,
  RandomGamma,
  RandomResizedCrop,
  RandomRotate90,
  Resize,
  Rotate,
  SafeRotate,
  Sharpen,
  ShiftScaleRotate,
  ToGray,
  Transpose,
  UnsharpMask,
  VerticalFlip,
});

type Registry = typeof registry;
export type LeafName = keyof Registry;

/** A transform as a person writes it: options may be left to their defaults. */
export type LeafSpec = { readonly [Name in LeafName]: z.input<Registry[Name]['schema']> }[LeafName];
/** A transform with every option filled in. */
export type ResolvedLeaf = { readonly [Name in LeafName]: z.output<Registry[Name]['schema']> }[LeafName];
