import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import type { PostProcess } from '../postProcess/spec.ts';
import type { WrittenSubmission } from '../submission/writer.ts';
import type { Combination } from './combination.ts';
import type { MemberRecord } from './members.ts';

/** What made a submission; written beside it. */
export interface SubmissionManifest {
  readonly version: 1;
  readonly submission: {
    /** File name of the CSV. */
    readonly file: string;
    readonly sha256: string;
    readonly rows: number;
  };
  /** How the members were joined. */
  readonly combine: Combination;
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

/** `submissions/a.csv` has its manifest at `submissions/a.manifest.json`. */
function manifestPath(csv: string): string {
  return csv.replace(/(\.csv)?$/i, '.manifest.json');
}

/** @throws PhalanxError `file/write`. */
export async function writeManifest(
  written: WrittenSubmission,
  about: Omit<SubmissionManifest, 'version' | 'submission' | 'versions'>,
): Promise<string> {
  const path = manifestPath(written.path);
  const manifest: SubmissionManifest = {
    version: 1,
    submission: { file: basename(written.path), sha256: written.sha256, rows: written.rows },
    ...about,
    versions: { phalanx: await phalanxVersion(), node: process.versions.node },
  };
  await writeFileAtomic(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return path;
}

async function phalanxVersion(): Promise<string> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
