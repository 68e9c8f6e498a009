import { z } from 'zod';
import { maxChannels } from '../../pixels/image.ts';
import { stackedChannels } from './channels.ts';
import { cocoSchema } from './coco/options.ts';
import { labelImagesSchema } from './labelImages/options.ts';
import { maskFilesSchema } from './maskFiles/options.ts';
import { polygonsSchema } from './polygons/options.ts';
import { rleTableSchema } from './rleTable/options.ts';
import { volumesSchema } from './volumes/options.ts';

/** How a dataset lies on disk, by name; the hand-bone competition's layout has no options. */
export const formatSchema = z
  .union([
    z.literal('hand-bone'),
    z.discriminatedUnion('name', [
      polygonsSchema,
      labelImagesSchema,
      maskFilesSchema,
      rleTableSchema,
      cocoSchema,
      volumesSchema,
    ]),
  ])
  .superRefine((format, context) => {
    const channels = channelsOf(format);
    if (channels <= maxChannels) return;
    const message = `neighbours and modalities make ${channels} channels, more than ${maxChannels}`;
    context.addIssue({ code: 'custom', message });
  });

export type Format = z.output<typeof formatSchema>;

/** Channels that a format stacks; 1 where images are read as their files are, grey or in colours. */
export function channelsOf(format: Format): number {
  return format === 'hand-bone' || format.name === 'polygons' ? 1 : stackedChannels(format);
}
