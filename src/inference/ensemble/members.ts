import { createHash } from 'node:crypto';
import { PhalanxError } from '../../core/errors.ts';
import { table } from '../../core/table.ts';
import type { SampleEntry } from '../../data/dataset.ts';
import { mapConcurrently } from '../../data/mapConcurrently.ts';
import type { LogitInfo, Provenance } from '../store/logitFile.ts';
import { isJoint } from './combination.ts';
import type { AnyMember, Combination } from './combination.ts';
import type { EnsembleMember } from './combine.ts';

/** Rows of the table of differences. */
const listed = 20;

/** What a model says about itself in a manifest. */
export interface ModelRecord {
  readonly name: string;
  /** Folder of the logits. */
  readonly store: string;
  readonly weight: number | readonly number[];
  readonly provenance: Provenance;
  /** Hash of the logits of all images. */
  readonly logits: string;
}

/** What an ensemble inside another says about itself in a manifest. */
export interface JointRecord {
  readonly name: string;
  readonly combine: Combination;
  readonly threshold?: number | readonly number[] | undefined;
  readonly weight: number | readonly number[];
  readonly members: readonly MemberRecord[];
}

export type MemberRecord = ModelRecord | JointRecord;

/** One thing in which a member is not as the others are, or as it should be. */
interface Difference {
  readonly member: string;
  readonly image: string;
  readonly of: string;
  readonly expected: string;
  readonly received: string;
}

/**
 * Reads every model's file of every image and compares what they say, before anything is computed.
 *
 * @returns what each model's files say.
 * @throws PhalanxError `ensemble/members-differ` with a table of what differs: models without some images, with damaged
 *   files, with other classes or another order of them, with images of another size, or made in several ways.
 */
export async function requireAgreement(
  members: readonly EnsembleMember[],
  entries: readonly SampleEntry[],
  classes: readonly string[],
  signal?: AbortSignal,
): Promise<Stored[]> {
  const sizes: (string | undefined)[] = [];
  const differences: Difference[] = [];
  const stored: Stored[] = [];
  for (const member of members) {
    const found = await mapConcurrently(entries, ({ id }) => inspect(member, id, classes), { signal });
    const ways = new Map<string, string>();
    for (const [index, { size, provenance, difference }] of found.entries()) {
      const image = entries[index]!.id;
      if (difference !== undefined) differences.push(difference);
      if (provenance !== undefined) ways.set(JSON.stringify(Object.entries(provenance).sort()), image);
      if (size === undefined) continue;
      const expected = (sizes[index] ??= size);
      if (size !== expected) {
        differences.push({ member: member.name, image, of: 'size', expected, received: size });
      }
    }
    const first = found.find(({ provenance }) => provenance !== undefined)?.provenance;
    const hash = createHash('sha256');
    for (const { checksum } of found) hash.update(`${checksum}\n`);
    stored.push({ provenance: first ?? {}, logits: hash.digest('hex') });
    if (ways.size > 1) {
      const examples = [...ways.values()].slice(0, 3).join(', ');
      const received = `${ways.size}, such as those of ${examples}`;
      differences.push({ member: member.name, image: 'all', of: 'ways of making', expected: '1', received });
    }
  }
  if (differences.length > 0) throw membersDiffer(differences);
  return stored;
}

/** What a model's files say. */
export type Stored = Pick<ModelRecord, 'provenance' | 'logits'>;

interface Finding {
  /** Pixels of the image. */
  readonly size?: string;
  readonly provenance?: Provenance;
  readonly checksum?: string;
  readonly difference?: Difference;
}

async function inspect(
  { name, store }: EnsembleMember,
  image: string,
  classes: readonly string[],
): Promise<Finding> {
  try {
    const file = await store.read(image);
    await file.verify();
    const { originalWidth, originalHeight, provenance } = file.info;
    const difference = classDifference(file.info, classes);
    return {
      size: `${originalWidth} × ${originalHeight}`,
      provenance,
      checksum: file.checksum,
      ...(difference === undefined ? {} : { difference: { member: name, image, ...difference } }),
    };
  } catch (error) {
    if (!(error instanceof PhalanxError)) throw error;
    const { where, received } = error.parts;
    const expected = error.code === 'logits/missing' ? 'a file' : 'a whole file';
    const found = error.code === 'logits/missing' ? 'none' : `damaged: ${received ?? error.parts.what}`;
    const path = where ?? store.pathOf(image);
    return { difference: { member: name, image, of: path, expected, received: found } };
  }
}

/** The first class that is not where it should be. */
function classDifference(
  info: LogitInfo,
  classes: readonly string[],
): Pick<Difference, 'of' | 'expected' | 'received'> | undefined {
  const length = Math.max(info.classes.length, classes.length);
  for (let c = 0; c < length; c++) {
    const [received = 'none', expected = 'none'] = [info.classes[c], classes[c]];
    if (received !== expected) return { of: `class ${c + 1}`, expected, received };
  }
  return undefined;
}

/** What a manifest says about the members, in their nesting. */
export function recordsOf(members: readonly AnyMember[], stored: readonly Stored[]): readonly MemberRecord[] {
  let leaf = 0;
  const record = (member: AnyMember): MemberRecord => {
    const { name, weight = 1 } = member;
    if (!isJoint(member)) return { name, store: member.store.root, weight, ...stored[leaf++]! };
    const { combine, threshold } = member;
    const own = threshold === undefined ? {} : { threshold };
    return { name, combine, ...own, weight, members: member.members.map(record) };
  };
  return members.map(record);
}

function membersDiffer(differences: readonly Difference[]): PhalanxError {
  const alike = new Map<string, { readonly difference: Difference; images: number }>();
  for (const difference of differences) {
    const { member, of, expected, received } = difference;
    const key = JSON.stringify([member, of, expected, received]);
    const known = alike.get(key);
    if (known === undefined) alike.set(key, { difference, images: 1 });
    else known.images++;
  }
  const rows = [...alike.values()].map(
    ({ difference: { member, image, of, expected, received }, images }) => [
      member,
      images === 1 ? image : `${image} and ${images - 1} more`,
      of,
      expected,
      received,
    ],
  );
  const shown = table(['member', 'images', 'what', 'expected', 'received'], rows.slice(0, listed));
  const rest = rows.length - listed;
  return new PhalanxError('ensemble/members-differ', {
    what: 'The members cannot be joined, and nothing was written',
    expected: 'whole files of the same images and classes from each',
    received: `\n${shown}\n${rest > 0 ? `and ${rest} more\n` : ''}`,
    fix: 'Predict again with the members named ("phalanx predict RUN" keeps every whole file), or import theirs again',
  });
}
