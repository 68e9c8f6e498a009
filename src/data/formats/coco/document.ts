import { z } from 'zod';
import { PhalanxError, messageOf } from '../../../core/errors.ts';
import { readLimitedFile } from '../../limitedFile.ts';
import type { FileKind } from '../../limitedFile.ts';

const cocoFile: FileKind = {
  noun: 'annotation',
  missing: 'annotation/missing',
  unreadable: 'annotation/unreadable',
  // A longer text would not fit into one of JavaScript's.
  maxBytes: 500 * 2 ** 20,
};

const identifier = z.union([z.int(), z.string()]);
const side = z.int().min(1);

const documentSchema = z.object({
  images: z.array(z.unknown()),
  annotations: z.array(z.unknown()).default([]),
  categories: z
    .array(z.object({ id: identifier, name: z.string() }))
    .min(1)
    .max(10_000),
});
const imageSchema = z.object({ id: identifier, file_name: z.string().min(1), width: side, height: side });
export type CocoImage = z.output<typeof imageSchema>;

const annotationSchema = z.object({
  image_id: identifier,
  category_id: identifier,
  iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).default(0),
  segmentation: z.union([
    z.array(z.array(z.number()).min(6, 'a polygon needs three points')),
    z.object({ size: z.tuple([side, side]), counts: z.union([z.string(), z.array(z.number())]) }),
  ]),
});
export type CocoAnnotation = z.output<typeof annotationSchema>;

type Identifier = number | string;

/** What a COCO file says, sorted by image; annotations are looked at when their image is. */
export interface CocoDocument {
  readonly categories: ReadonlyMap<Identifier, string>;
  readonly images: readonly CocoImage[];
  /** By the image's identifier, each with its place in the file. */
  readonly annotations: ReadonlyMap<
    Identifier,
    readonly { readonly index: number; readonly value: unknown }[]
  >;
  /** What is wrong with single images and annotations. */
  readonly problems: readonly { readonly where: string; readonly received: string }[];
}

/**
 * Reads a COCO file.
 *
 * @throws PhalanxError `annotation/missing`, `annotation/unreadable`, `annotation/malformed`.
 */
export async function readCoco(path: string): Promise<CocoDocument> {
  const bytes = await readLimitedFile(path, cocoFile);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw malformed(path, 'a JSON document', messageOf(cause).slice(0, 200), cause);
  }
  const parsed = documentSchema.safeParse(json);
  if (!parsed.success)
    throw malformed(path, 'lists of images, annotations and categories', issueOf(parsed.error));
  const { images, annotations, categories } = parsed.data;
  const problems: { where: string; received: string }[] = [];
  const known: CocoImage[] = [];
  for (const [index, value] of images.entries()) {
    const image = imageSchema.safeParse(value);
    if (image.success) known.push(image.data);
    else problems.push({ where: `images[${index}]`, received: issueOf(image.error) });
  }
  const byImage = new Map<Identifier, { index: number; value: unknown }[]>(known.map(({ id }) => [id, []]));
  for (const [index, value] of annotations.entries()) {
    const image = byImage.get((value as { image_id?: Identifier } | null)?.image_id ?? '');
    if (image === undefined)
      problems.push({ where: `annotations[${index}]`, received: 'the image_id of no image' });
    else image.push({ index, value });
  }
  return {
    categories: new Map(categories.map(({ id, name }) => [id, name])),
    images: known,
    annotations: byImage,
    problems,
  };
}

/**
 * One annotation of a document.
 *
 * @param where its place, for the message.
 * @throws PhalanxError `annotation/malformed`.
 */
export function parseAnnotation(value: unknown, where: string): CocoAnnotation {
  const parsed = annotationSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw malformed(where, 'image_id, category_id and segmentation as COCO has them', issueOf(parsed.error));
}

function issueOf({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return `${path.length === 0 ? '' : `${z.core.toDotPath(path)}: `}${message}`.slice(0, 200);
}

function malformed(where: string, expected: string, received: string, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'annotation/malformed',
    { what: 'The COCO annotation cannot be understood', where, expected, received },
    { cause },
  );
}
