import { z } from 'zod';
import { writeFileAtomic } from '../core/atomicFile.ts';
import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { readLimitedFile } from './limitedFile.ts';
import type { FileKind } from './limitedFile.ts';
import { parseDefects } from './parseDefect.ts';

/** What is known about single images, such as `bent-wrist` or `dark`; images without tags need not be listed. */
export type Tags = ReadonlyMap<string, readonly string[]>;

const tagFile: FileKind = {
  noun: 'file of tags',
  missing: 'tags/missing',
  unreadable: 'tags/unreadable',
  maxBytes: 64 * 2 ** 20,
};

const tagSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and hyphens');

const tagFileSchema = z.strictObject({
  version: z.literal(1),
  /** By image name, with extension. */
  tags: z.record(z.string().min(1), z.array(tagSchema).max(100)),
});

/**
 * Reads `{ "version": 1, "tags": { imageName: [tag, …] } }`.
 *
 * @param known names of the images that there are; without it, any name is taken.
 * @throws PhalanxError `tags/missing`, `tags/unreadable`, `tags/malformed`; `tags/unknown-image` for a name that is
 *   not among `known`.
 */
export async function readTags(path: string, known?: Iterable<string>): Promise<Tags> {
  const text = (await readLimitedFile(path, tagFile)).toString('utf8');
  let parsed: z.infer<typeof tagFileSchema>;
  try {
    parsed = tagFileSchema.parse(JSON.parse(text.replace(/^\uFEFF/, '')));
  } catch (cause) {
    throw new PhalanxError(
      'tags/malformed',
      {
        what: 'The file of tags cannot be understood',
        where: path,
        expected: '{ "version": 1, "tags": { imageName: [tag, …] } }',
        received: parseDefects(cause),
        fix: 'Correct it',
      },
      { cause },
    );
  }
  const tags = new Map(Object.entries(parsed.tags).map(([image, own]) => [image, [...new Set(own)]]));
  if (known !== undefined) requireKnown(tags, new Set(known), path);
  return tags;
}

/**
 * Writes a file that `readTags` reads, by image name; an image without tags is left out.
 *
 * @throws PhalanxError `file/write`.
 */
export async function writeTags(path: string, tags: Tags): Promise<void> {
  const listed = [...tags]
    .filter(([, own]) => own.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([image, own]) => `    ${JSON.stringify(image)}: ${JSON.stringify(own)}`);
  const body = listed.length === 0 ? '{}' : `{\n${listed.join(',\n')}\n  }`;
  await writeFileAtomic(path, `{\n  "version": 1,\n  "tags": ${body}\n}\n`);
}

function requireKnown(tags: Tags, known: ReadonlySet<string>, path: string): void {
  for (const image of tags.keys()) {
    if (known.has(image)) continue;
    const guess = nearest(image, known);
    throw new PhalanxError('tags/unknown-image', {
      what: 'The file of tags names an image that the dataset does not have',
      where: path,
      expected: guess === undefined ? 'names of images of the dataset' : `perhaps ${guess}`,
      received: image,
      fix: 'Remove it',
    });
  }
}
