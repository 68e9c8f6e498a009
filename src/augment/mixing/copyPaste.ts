import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import type { Sample } from '../../data/dataset.ts';
import { boundingBoxes } from '../../labels/boxes.ts';
import { allPlanes, withPlanes } from '../../labels/labelMap.ts';
import { reorient, symmetries } from '../../pixels/symmetry.ts';
import { release, uninitialized, uninitializedPlanes } from '../../pixels/memory.ts';
import { probability } from '../definition.ts';
import { showsOtherHand } from '../handSide.ts';
import { arraysOf, rasterOf, sampleOf } from '../sample.ts';
import { pasteClass } from './paste.ts';

/** Settings that online and offline copy-paste share. */
export const pasteOptions = {
  /** Fewest and most classes that are pasted. */
  classes: z
    .tuple([z.int().min(1), z.int().min(1)])
    .readonly()
    .refine(([low, high]) => low <= high, { error: 'expected [fewest, most]' })
    .default([1, 3]),
  /** Shift the pasted values to the mean of those they cover. */
  matchBrightness: z.boolean().default(true),
  /** Standard deviation of the transition at a pasted border, pixels; 0 for a hard cut. */
  blend: z.number().min(0).max(64).default(1),
};

/**
 * Single classes of another image, with their labels, over those of this one (G. Ghiasi et al., "Simple copy-paste is a
 * strong data augmentation method for instance segmentation", 2021): each is moved, turned and scaled to where this
 * image has that class. The other hand is mirrored first.
 */
export const copyPasteSchema = z.strictObject({
  name: z.literal('CopyPaste'),
  ...pasteOptions,
  p: probability(0.5),
});

export interface Pasted {
  readonly sample: Sample;
  /** Indices of the classes that were pasted, in this order. */
  readonly classes: readonly number[];
  /** The source was mirrored to show the same hand. */
  readonly mirrored: boolean;
}

/** Pastes random classes that `source` has over `target`; both of one shape. */
export async function copyPaste(
  target: Sample,
  source: Sample,
  { classes: [fewest, most], matchBrightness, blend }: z.output<z.ZodObject<typeof pasteOptions>>,
  random: Random,
): Promise<Pasted> {
  const count = random.integer(fewest, most + 1);
  const mirrored = await showsOtherHand(source.labels, target.labels);
  const from = mirrored ? sampleOf(await reorient(rasterOf(source), symmetries.h), source) : source;
  const [sourceBoxes, targetBoxes] = await Promise.all([
    boundingBoxes(from.labels),
    boundingBoxes(target.labels),
  ]);
  const present = sourceBoxes.flatMap((box, index) => (box === undefined ? [] : [index]));
  // Where the target has the class too, its place is known; only where there is none such, the source's place serves.
  const shared = present.filter((index) => targetBoxes[index] !== undefined);
  const chosen = random.shuffle(shared.length === 0 ? present : shared).slice(0, count);
  const sample = copyOf(target);
  const classes: number[] = [];
  for (const classIndex of chosen) {
    const [sourceBox, targetBox] = [sourceBoxes[classIndex]!, targetBoxes[classIndex]];
    const options = { classIndex, sourceBox, targetBox, matchBrightness, blend };
    if ((await pasteClass(sample, from, options)) > 0) classes.push(classIndex);
  }
  if (mirrored) release(arraysOf(from));
  return { sample, classes, mirrored };
}

function copyOf({ image, labels }: Sample): Sample {
  const data = uninitialized(image.data.length);
  data.set(image.data);
  const given = allPlanes(labels);
  const planes = uninitializedPlanes(given.length, image.width * image.height);
  for (const [p, plane] of given.entries()) planes[p]!.set(plane);
  return { image: { ...image, data }, labels: withPlanes(labels, labels, planes) };
}
