import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { PhalanxError } from '../../core/errors.ts';
import { parseDefect } from '../../data/parseDefect.ts';
import { readLimitedFile } from '../../data/limitedFile.ts';
import { postProcessSchema } from '../postProcess/spec.ts';
import type { PostProcess } from '../postProcess/spec.ts';
import type { WrittenSubmission } from '../submission/writer.ts';
import { combinations } from './combination.ts';
import type { Combination } from './combination.ts';
import type { MemberRecord } from './members.ts';

/** What made a submission; written beside it. */
export interface SubmissionManifest {
  readonly version: 2;
  readonly submission: {
    /** File name of the CSV. */
    readonly file: string;
    readonly sha256: string;
    readonly rows: number;
  };
  /** How the members were joined. */
  readonly combine: Combination;
  /** In the submission's order. */
  readonly classes: readonly string[];
  /** In the submission's order. */
  readonly images: readonly string[];
  readonly members: readonly MemberRecord[];
  /** Probability above which a pixel belongs to a class, by class. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** What was done to the masks, by class; missing where nothing was. */
  readonly postProcess?: Readonly<Record<string, PostProcess>>;
  /** The file of decisions that weights, thresholds and post-processing come from. */
  readonly decisions?: { readonly file: string; readonly sha256: string };
  /** The resolved declaration that the ensemble was made from. */
  readonly config?: unknown;
  /** Scores known when it was made, by name. */
  readonly scores?: Readonly<Record<string, number>>;
  readonly versions: { readonly phalanx: string; readonly node: string };
}

const text = z.string().min(1).max(4096);
/** Of a file in its folder, whose path cannot leave it. */
const fileName = text.regex(/^[^/\\]+$/);
const probability = z.number().gt(0).lt(1);
const weights = z.union([z.number().nonnegative(), z.array(z.number().nonnegative()).max(4096)]);
const modelSchema = z.strictObject({
  name: text,
  store: text,
  weight: weights,
  provenance: z.record(z.string(), z.string()),
  logits: text,
});
/** Deep enough for every ensemble that can be made; `checkMembers` refuses deeper ones. */
const jointSchema: z.ZodType<MemberRecord> = z.union([
  modelSchema,
  z.strictObject({
    name: text,
    combine: z.enum(combinations),
    threshold: z.union([probability, z.array(probability).max(4096)]).optional(),
    weight: weights,
    members: z.lazy(() => z.array(jointSchema).max(4096)),
  }),
]);

/** What making a submission again needs of its manifest; the rest is for people. */
const manifestSchema = z.object({
  version: z.literal(2),
  submission: z.object({ file: fileName, sha256: text, rows: z.int() }),
  combine: z.enum(combinations),
  classes: z.array(text).min(1).max(4096),
  images: z.array(fileName).min(1).max(1_000_000),
  members: z.array(jointSchema).min(1).max(4096),
  thresholds: z.record(z.string(), probability),
  postProcess: z.record(z.string(), postProcessSchema).optional(),
  versions: z.object({ phalanx: text, node: text }),
});

/** A manifest that was read. */
export type ReadManifest = z.output<typeof manifestSchema>;

/** @throws PhalanxError `manifest/missing`, `manifest/unreadable`, `manifest/invalid`. */
export async function readManifest(path: string): Promise<ReadManifest> {
  const bytes = await readLimitedFile(path, {
    noun: 'manifest',
    missing: 'manifest/missing',
    unreadable: 'manifest/unreadable',
    maxBytes: 64 * 2 ** 20,
  });
  try {
    return manifestSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new PhalanxError(
      'manifest/invalid',
      {
        what: 'The file is not a manifest from which a submission can be made again',
        where: path,
        expected: 'a .manifest.json that phalanx ensemble wrote',
        received: parseDefect(cause),
      },
      { cause },
    );
  }
}

/** `submissions/a.csv` has its manifest at `submissions/a.manifest.json`. */
export function manifestPath(csv: string): string {
  return csv.replace(/(\.csv)?$/i, '.manifest.json');
}

/** @throws PhalanxError `file/write`. */
export async function writeManifest(
  written: WrittenSubmission,
  about: Omit<SubmissionManifest, 'version' | 'submission' | 'versions'>,
): Promise<string> {
  const path = manifestPath(written.path);
  const manifest: SubmissionManifest = {
    version: 2,
    submission: { file: basename(written.path), sha256: written.sha256, rows: written.rows },
    ...about,
    versions: { phalanx: await phalanxVersion(), node: process.versions.node },
  };
  await writeFileAtomic(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return path;
}

export async function phalanxVersion(): Promise<string> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
