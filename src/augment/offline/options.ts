import { z } from 'zod';
import type { Dataset, SampleEntry } from '../../data/dataset.ts';
import { pasteOptions } from '../mixing/copyPaste.ts';
import { ricapBeta } from '../mixing/ricap.ts';
import { transformSchema } from '../spec.ts';

const count = z.int().min(0).max(1_000_000).default(0);
const fraction = z.number().min(0).max(1);

const variantSchema = z.strictObject({
  /** Of the images' names; by default that of the transform. */
  name: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'letters, digits, dashes and underscores only, at most 64')
    .optional(),
  /** Number of images to make; all training images take turns. */
  count,
  /** Any [transform](#augmentation); give it `p: 1` to have it always applied. */
  transform: transformSchema,
});

/** What the images of a variant are called. */
export function variantName({ name, transform }: z.output<typeof variantSchema>): string {
  return name ?? transform.name;
}

const mixes = ['mosaic', 'rotation', 'ricap', 'copyPaste'] as const;

/** What is made offline; part of an experiment, so plain data. */
export const offlineSettingsSchema = z.strictObject({
  /** Four images joined at a point, each patch where it was. */
  mosaic: z
    .strictObject({
      /** Number of images to make. */
      count,
      /** Where the cut between patches may lie, as fractions of width and height. */
      cut: z
        .tuple([fraction, fraction])
        .readonly()
        .refine(([low, high]) => low <= high, { error: 'expected [low, high] with low ≤ high' })
        .default([0.3, 0.7]),
    })
    .prefault({}),
  /** Upright hands, turned. */
  rotation: z
    .strictObject({
      /** Number of images to make. */
      count,
      /** Smallest and largest turn to either side, degrees. */
      angle: z
        .tuple([z.number().min(0).max(180), z.number().min(0).max(180)])
        .readonly()
        .refine(([low, high]) => low <= high, { error: 'expected [smallest, largest]' })
        .default([15, 60]),
      /** A hand is upright if the long axis of its labels leans less than this from the vertical, degrees. */
      uprightWithin: z.number().min(0).max(90).default(20),
    })
    .prefault({}),
  /** Four images joined at a point, each patch from anywhere. */
  ricap: z
    .strictObject({
      /** Number of images to make. */
      count,
      /** Parameter of the Beta distribution of the cut, per side; below 1 it is mostly near an edge. */
      beta: ricapBeta,
    })
    .prefault({}),
  /** Bones of another person, each over the same bone. */
  copyPaste: z
    .strictObject({
      /** Number of images to make. */
      count,
      ...pasteOptions,
    })
    .prefault({}),
  /** Images transformed alone, named by their transform, or by a `name` of their own. */
  variants: z
    .array(variantSchema)
    .max(100)
    .superRefine((variants, context) => {
      const names = new Set<string>(mixes.map((name) => name.toLowerCase()));
      for (const [index, variant] of variants.entries()) {
        const name = variantName(variant).toLowerCase();
        if (names.has(name)) {
          const message = `the name "${variantName(variant)}" is taken; give another`;
          context.addIssue({ code: 'custom', path: [index, 'name'], message });
        }
        names.add(name);
      }
    })
    .default([]),
  /** Of everything random about the images. */
  seed: z.int().min(0).default(0),
});
export type OfflineSettings = z.output<typeof offlineSettingsSchema>;

export interface OfflineOptions {
  readonly dataset: Dataset;
  /** The annotated training images that may be used; never those of a test side. */
  readonly entries: readonly SampleEntry[];
  /** The fold in which an image is validated; images of different folds are never mixed. */
  readonly groupOf: (entry: SampleEntry) => string | number;
  /** Folder of the new dataset; must be new, empty, or left by an interrupted run with the same settings. */
  readonly output: string;
  readonly settings: z.input<typeof offlineSettingsSchema>;
  /** Images made at once. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal | undefined;
}

/** How an image was made; kept with it and in the manifest. */
export interface ChildRecord {
  /** Names of the images it was made from. */
  readonly parents: readonly string[];
  /** `mosaic`, `rotation`, `ricap`, `copyPaste`, or the name of a variant. */
  readonly kind: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type OfflineEvent =
  | { readonly type: 'start'; readonly total: number }
  | {
      readonly type: 'child';
      readonly name: string;
      readonly kind: ChildRecord['kind'];
      /** It was there already, valid, from an interrupted run. */
      readonly kept: boolean;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'end'; readonly manifestPath: string; readonly made: number; readonly kept: number };
