import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { manifestPath, phalanxVersion } from '../ensemble/manifest.ts';
import { openForReading } from './csvRows.ts';
import type { WrittenSubmission } from './writer.ts';

/** What a submission was voted from; written beside it. */
export interface VoteManifest {
  readonly version: 1;
  readonly submission: {
    /** File name of the CSV. */
    readonly file: string;
    readonly sha256: string;
    readonly rows: number;
  };
  readonly vote: {
    /** A pixel is foreground when its voters' weights exceed this share of all. */
    readonly share: number;
    /** In the order in which they were given; the rows are in the order of the first. */
    readonly members: readonly { readonly file: string; readonly sha256: string; readonly weight: number }[];
  };
  readonly versions: { readonly phalanx: string; readonly node: string };
}

/**
 * Writes `a.manifest.json` beside `a.csv`.
 *
 * @returns the manifest's path.
 * @throws PhalanxError `file/write`.
 */
export async function writeVoteManifest(
  { path, sha256, rows }: WrittenSubmission,
  vote: VoteManifest['vote'],
): Promise<string> {
  const manifest: VoteManifest = {
    version: 1,
    submission: { file: basename(path), sha256, rows },
    vote,
    versions: { phalanx: await phalanxVersion(), node: process.versions.node },
  };
  const written = manifestPath(path);
  await writeFileAtomic(written, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return written;
}

/**
 * SHA-256 of a submission's bytes, in hex.
 *
 * @throws PhalanxError `submission/unreadable` when there is no such file.
 */
export async function submissionDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await using file = await openForReading(path);
  await pipeline(file.createReadStream({ autoClose: false }), hash);
  return hash.digest('hex');
}
