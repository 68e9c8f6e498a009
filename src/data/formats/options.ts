import { z } from 'zod';
import { cocoSchema } from './coco/options.ts';
import { labelImagesSchema } from './labelImages/options.ts';
import { maskFilesSchema } from './maskFiles/options.ts';
import { polygonsSchema } from './polygons/options.ts';
import { rleTableSchema } from './rleTable/options.ts';
import { volumesSchema } from './volumes/options.ts';

/** How a dataset lies on disk, by name; the hand-bone competition's layout has no options. */
export const formatSchema = z.union([
  z.literal('hand-bone'),
  z.discriminatedUnion('name', [
    polygonsSchema,
    labelImagesSchema,
    maskFilesSchema,
    rleTableSchema,
    cocoSchema,
    volumesSchema,
  ]),
]);

export type Format = z.output<typeof formatSchema>;
