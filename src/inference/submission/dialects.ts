import { PhalanxError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { rleDialects } from '../../labels/rle.ts';
import type { RleDialect } from '../../labels/rle.ts';
import type { ImageSize } from '../../pixels/image.ts';

/** How a competition writes a submission. */
export interface SubmissionDialect {
  /** Header: image, class and mask, or image and mask where there is only one class. */
  readonly columns: readonly [string, string, string] | readonly [string, string];
  readonly rle: RleDialect;
}

/** Dialects by name. */
export const submissionDialects = {
  'hand-bone': { columns: ['image_name', 'class', 'rle'], rle: rleDialects.handBone },
  'uw-madison': { columns: ['id', 'class', 'segmentation'], rle: rleDialects.uwMadison },
  hubmap: { columns: ['id', 'rle'], rle: rleDialects.hubmap },
  'siim-acr': { columns: ['ImageId', 'EncodedPixels'], rle: rleDialects.siimAcr },
  coco: { columns: ['image_name', 'class', 'counts'], rle: rleDialects.coco },
  'coco-plain': { columns: ['image_name', 'class', 'counts'], rle: rleDialects.cocoPlain },
} as const satisfies Record<string, SubmissionDialect>;

export type SubmissionDialectName = keyof typeof submissionDialects;
export const submissionDialectNames = Object.keys(submissionDialects) as SubmissionDialectName[];

/** The class of rows in a dialect without a column for it. */
export const onlyClass = 'mask';

/**
 * A dialect, with other names of its columns if wished.
 *
 * @param columns two or three names.
 * @throws PhalanxError `submission/dialect` for an unknown name, or names that no header can have.
 */
export function dialectOf(name: string = 'hand-bone', columns?: readonly string[]): SubmissionDialect {
  const known = submissionDialectNames.find((one) => one === name);
  if (known === undefined) {
    const hint = nearest(name, submissionDialectNames);
    throw new PhalanxError('submission/dialect', {
      what: 'The dialect of a submission is not known',
      expected: hint === undefined ? `one of ${submissionDialectNames.join(', ')}` : `perhaps ${hint}`,
      received: JSON.stringify(name.slice(0, 200)),
    });
  }
  const dialect = submissionDialects[known];
  if (columns === undefined) return dialect;
  const [image, second, third, ...rest] = columns;
  const usable =
    new Set(columns).size === columns.length && columns.every((column) => /^[^",\r\n]+$/.test(column));
  if (!usable || image === undefined || second === undefined || rest.length > 0) {
    throw new PhalanxError('submission/dialect', {
      what: 'The columns of a submission cannot be used',
      expected: 'two or three different names: image, class unless there is only one, mask',
      received: JSON.stringify(columns.join(',').slice(0, 200)),
    });
  }
  return { ...dialect, columns: third === undefined ? [image, second] : [image, second, third] };
}

/** Sizes of images by name; undefined for one that is not known. */
export type SizeOf = (image: string) => ImageSize | undefined;

/**
 * Masks can be merged without their size being known: one line as long as positions go stands for any of them. COCO's
 * counts cannot, because they fill the image.
 */
export const anySize: ImageSize = { width: 0xffffffff, height: 1 };

/** Whether masks of the dialect can only be read by who knows the image's size. */
export function needsSizes({ rle }: SubmissionDialect): boolean {
  return rle.starts === 'implied';
}
