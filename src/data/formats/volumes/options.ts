import { z } from 'zod';
import { defaultMaxVolumeBytes } from '../../volumes/anyVolume.ts';
import { folderOptions, ignoredValues, labelPlace, unknownValues, valueClass } from '../layoutOptions.ts';

/** Volumes with label volumes, NIfTI (`.nii`, `.nii.gz`) or MetaImage (`.mhd`, `.mha`), whose slices are the images. */
export const volumesSchema = z
  .strictObject({
    name: z.literal('volumes'),
    /** In the order of the model's outputs, each with its value. */
    classes: z.array(valueClass).min(1).max(1024).readonly(),
    /** Values of voxels that are in no class, besides 0. */
    ignore: ignoredValues,
    /** Values of voxels that nobody knows; losses and scores leave them out. */
    unknown: unknownValues,
    /**
     * Where a volume's labels are, with any extension: `{split}` is the split's folder, `{folder}` and `{name}` are the
     * volume's, below `images`, without `suffix`.
     */
    labels: labelPlace.default('{split}/labels/{folder}/{name}'),
    /** The axis that slices are stacked along, in the order of the file. */
    axis: z.enum(['x', 'y', 'z']).default('z'),
    /** Every how many slices one is an image. */
    every: z.int().min(1).max(1000).default(1),
    /** Most bytes of one volume's voxels, unpacked. */
    maxBytes: z.int().min(1).max(4_000_000_000).default(defaultMaxVolumeBytes),
    ...folderOptions,
  })
  .refine(({ classes }) => new Set(classes.map(({ name }) => name)).size === classes.length, {
    error: 'must name each class once',
    path: ['classes'],
  });

export type VolumesFormat = z.output<typeof volumesSchema>;
