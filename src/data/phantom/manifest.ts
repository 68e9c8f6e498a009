import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { PhalanxError } from '../../core/errors.ts';
import { outlierKinds } from './options.ts';
import type { ResolvedPhantomOptions } from './options.ts';

/** File at the root of a phantom dataset that says how it was made. */
const manifestName = 'phantom.json';

/** Raised whenever the same options give other pixels. */
export const phantomVersion = 1;

const shares = z.partialRecord(z.enum(outlierKinds), z.number());

const manifestSchema = z.object({
  version: z.number(),
  /** False while the dataset is being written, and for good when that was interrupted. */
  complete: z.boolean(),
  options: z.object({
    people: z.number(),
    test: z.number(),
    size: z.number(),
    seed: z.number(),
    outliers: z.union([z.number(), z.object({ train: shares, test: shares })]),
  }),
  images: z.array(
    z.object({
      /** Relative to the dataset's root, with forward slashes. */
      image: z.string(),
      annotation: z.string(),
      person: z.string(),
      split: z.enum(['train', 'test']),
      side: z.enum(['left', 'right']),
      /** Those that this image shows; the remarks in the metadata are the person's. */
      outliers: z.array(z.enum(outlierKinds)),
    }),
  ),
});

/** What a phantom dataset is made of. */
export type PhantomManifest = z.infer<typeof manifestSchema>;

/** The manifest of a phantom dataset; undefined where there is none, as in any dataset that is not a phantom. */
export async function readPhantomManifest(directory: string): Promise<PhantomManifest | undefined> {
  const path = join(directory, manifestName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw cause;
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PhalanxError(
      'phantom/manifest',
      {
        what: 'The manifest of a phantom dataset cannot be read',
        where: path,
        expected: 'what `phalanx data phantom` wrote',
        fix: 'Delete the dataset and generate it again',
      },
      { cause },
    );
  }
}

export async function writeManifest(directory: string, manifest: PhantomManifest): Promise<void> {
  await writeFileAtomic(join(directory, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Makes sure that writing into a directory destroys nothing: it is new, empty, or an interrupted phantom with the
 * same options, which is then continued.
 *
 * @throws PhalanxError `phantom/exists`
 */
export async function checkTarget(directory: string, options: ResolvedPhantomOptions): Promise<void> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return;
    throw new PhalanxError(
      'phantom/exists',
      {
        what: 'The phantom cannot be written there',
        where: directory,
        expected: 'a new or empty directory',
        received:
          code === 'ENOTDIR' ? 'a file' : `a directory that cannot be read (${code ?? 'unknown error'})`,
        fix: 'Choose another directory',
      },
      { cause },
    );
  }
  if (names.length === 0) return;
  const manifest = names.includes(manifestName) ? await readPhantomManifest(directory) : undefined;
  if (manifest !== undefined && !manifest.complete && sameOptions(manifest, options)) return;
  throw new PhalanxError('phantom/exists', {
    what: 'The phantom would be written over other files',
    where: directory,
    expected: 'a new or empty directory',
    received:
      manifest === undefined
        ? `a directory with ${names.length} ${names.length === 1 ? 'entry' : 'entries'}`
        : manifest.complete
          ? 'a complete phantom dataset'
          : 'an interrupted phantom dataset with other options',
    fix: 'Choose another directory or delete this one',
  });
}

/** True when a manifest is of this version of the phantom and was made with these options. */
export function sameOptions(manifest: PhantomManifest, options: ResolvedPhantomOptions): boolean {
  return manifest.version === phantomVersion && canonical(manifest.options) === canonical(options);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
