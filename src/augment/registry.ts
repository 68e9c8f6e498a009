import type { z } from 'zod';
import { Affine } from './transforms/affine.ts';
import { CenterCrop } from './transforms/centerCrop.ts';
import { CLAHE } from './transforms/clahe.ts';
import { CoarseDropout } from './transforms/coarseDropout.ts';
import { Emboss } from './transforms/emboss.ts';
import { GaussianBlur } from './transforms/gaussianBlur.ts';
import { GaussNoise } from './transforms/gaussNoise.ts';
import { HorizontalFlip } from './transforms/horizontalFlip.ts';
import { Jimp } from './transforms/jimp.ts';
import { PadIfNeeded } from './transforms/padIfNeeded.ts';
import { RandomBrightnessContrast } from './transforms/randomBrightnessContrast.ts';
import { RandomCrop } from './transforms/randomCrop.ts';
import { RandomGamma } from './transforms/randomGamma.ts';
import { RandomResizedCrop } from './transforms/randomResizedCrop.ts';
import { Resize } from './transforms/resize.ts';
import { Rotate } from './transforms/rotate.ts';
import { Sharpen } from './transforms/sharpen.ts';
import { ShiftScaleRotate } from './transforms/shiftScaleRotate.ts';
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
  Emboss,
  GaussianBlur,
  GaussNoise,
  HorizontalFlip,
  Jimp,
  PadIfNeeded,
  RandomBrightnessContrast,
  RandomCrop,
  RandomGamma,
  RandomResizedCrop,
  Resize,
  Rotate,
  Sharpen,
  ShiftScaleRotate,
  VerticalFlip,
});

type Registry = typeof registry;
export type LeafName = keyof Registry;

/** A transform as a person writes it: options may be left to their defaults. */
export type LeafSpec = { readonly [Name in LeafName]: z.input<Registry[Name]['schema']> }[LeafName];
/** A transform with every option filled in. */
export type ResolvedLeaf = { readonly [Name in LeafName]: z.output<Registry[Name]['schema']> }[LeafName];
