import { z } from 'zod';
import { rleDialects } from '../../../labels/rle.ts';
import type { RleDialect } from '../../../labels/rle.ts';
import { classNames, layoutOptions, place } from '../layoutOptions.ts';

/** How a competition's table names images and writes masks. */
interface TableDialect {
  readonly rle: RleDialect;
  /** Columns; without a class column, there is one class. */
  readonly columns: { readonly image: string; readonly class?: string; readonly rle: string };
}

/** The tables of known competitions. */
export const tableDialects = {
  'hand-bone': { rle: rleDialects.handBone, columns: { image: 'image_name', class: 'class', rle: 'rle' } },
  hubmap: { rle: rleDialects.hubmap, columns: { image: 'id', rle: 'rle' } },
  'uw-madison': { rle: rleDialects.uwMadison, columns: { image: 'id', class: 'class', rle: 'segmentation' } },
  'siim-acr': { rle: rleDialects.siimAcr, columns: { image: 'ImageId', rle: 'EncodedPixels' } },
} as const satisfies Record<string, TableDialect>;

/** Images with a table of run-length encoded masks, `.csv`. */
export const rleTableSchema = z
  .strictObject({
    name: z.literal('rle-table'),
    /** In the order of the model's outputs, as the table names them. */
    classes: classNames,
    /** The competition whose way of counting pixels and naming columns the table follows. */
    dialect: z.enum(Object.keys(tableDialects) as (keyof typeof tableDialects)[]),
    /** The table, below the dataset's folder. Rows of one image and class are united; images without rows are not annotated. */
    table: place.default('train.csv'),
    /** Names of the columns, where they are not the dialect's. */
    columns: z
      .strictObject({
        image: z.string().min(1).optional(),
        class: z.string().min(1).optional(),
        rle: z.string().min(1).optional(),
      })
      .prefault({}),
    ...layoutOptions,
  })
  .refine(
    ({ classes, dialect, columns }) =>
      classes.length === 1 || columns.class !== undefined || 'class' in tableDialects[dialect].columns,
    { error: 'must be one class, since the table has no column for it', path: ['classes'] },
  );

export type RleTableFormat = z.output<typeof rleTableSchema>;
