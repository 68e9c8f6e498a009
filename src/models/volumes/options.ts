import { z } from 'zod';
import { listed } from '../../core/nearest.ts';
import { namedOptions, strictOptions, unknownName } from '../options.ts';
import { groupsDefect } from './unet3dPlan.ts';

const channelCount = z.int().min(1).max(4096);

/** Options of every network for volumes, by name. */
export const volumeSchemas = {
  /** 3D U-Net (Çiçek et al. 2016), as pytorch-3dunet's `UNet3D`, whose options it has. Published as `layerOrder: 'cbr'`, `upsample: 'upconv'`, `padding: false`. */
  unet3d: namedOptions('unet3d', {
    /** Channels of each resolution, the volume's first; or of the first alone, each one below twice as many. */
    fMaps: z.union([channelCount, z.array(channelCount).min(2).max(8).readonly()]).default(64),
    /** Number of resolutions, where `fMaps` is one number. */
    numLevels: z.int().min(2).max(8).default(4),
    /** Order of the layers around a convolution: c the convolution, g group and b batch normalization, r ReLU, l leaky ReLU. */
    layerOrder: z
      .enum(['gcr', 'cgr', 'bcr', 'cbr', 'cr', 'gcl', 'cgl', 'bcl', 'cbl', 'cl', 'crg', 'crb'])
      .default('gcr'),
    /** Groups of a group normalization, which divide its channels; fewer channels than this are one group. */
    numGroups: z.int().min(1).max(1024).default(8),
    /** How volumes are enlarged; `deconv`: transposed convolutions of 3×3×3 that halve the channels, `upconv`: of 2×2×2 that keep them, as published. */
    upsample: z.enum(['nearest', 'trilinear', 'deconv', 'upconv']).default('nearest'),
    /** Zeros around every 3×3×3 convolution, so that logits have the volume's size. Published without: 132×132×116 voxels give 44×44×28. */
    padding: z.boolean().default(true),
  }),
};

export type VolumeName = keyof typeof volumeSchemas;
export type VolumeOptions<Name extends VolumeName = VolumeName> = z.input<(typeof volumeSchemas)[Name]>;
export type VolumeConfig<Name extends VolumeName = VolumeName> = z.output<(typeof volumeSchemas)[Name]>;

export const volumeNames = Object.keys(volumeSchemas) as readonly VolumeName[];

export function isVolumeName(name: unknown): name is VolumeName {
  return volumeNames.some((known) => known === name);
}

/** The message for a name that no decoder for images has. */
export function unknownDecoder(name: unknown, known: readonly string[]): string {
  if (!isVolumeName(name)) return unknownName('decoder', name, known);
  return `${name} is a network for volumes, and this takes images; there are ${listed(known)}`;
}

const volumeSchema = z.discriminatedUnion('name', [volumeSchemas.unet3d], {
  error: ({ input }) =>
    unknownName('network for volumes', (input as { name?: unknown } | null)?.name, volumeNames),
});

/** A network for volumes as a person writes it; `decoder`, as for images, names it. */
export const volumeModelSchema = strictOptions({
  decoder: volumeSchema,
  /** Channels of the volume. */
  inChannels: z.int().min(1).max(1024),
  /** Logits per voxel. */
  classes: z.int().min(1).max(1024),
}).superRefine(({ decoder, inChannels }, context) => {
  const message = groupsDefect(decoder, inChannels);
  if (message !== undefined) context.addIssue({ code: 'custom', path: ['decoder', 'numGroups'], message });
});

export type VolumeModelOptions = z.input<typeof volumeModelSchema>;
export type VolumeModelConfig = z.output<typeof volumeModelSchema>;
