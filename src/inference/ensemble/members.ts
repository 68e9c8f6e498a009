import { PhalanxError } from '../../core/errors.ts';
import type { SampleEntry } from '../../data/dataset.ts';
import { mapConcurrently } from '../../data/mapConcurrently.ts';
import type { LogitInfo, Provenance } from '../store/logitFile.ts';
import type { EnsembleMember } from './combine.ts';

const listed = 20;

/** What a member says about itself in a manifest. */
export interface MemberRecord {
  readonly name: string;
  /** Folder of the logits. */
  readonly store: string;
  readonly weight: number | readonly number[];
  readonly provenance: Provenance;
}

/**
 * Reads every member's file of every image and compares what they say, before anything is computed.
 *
 * @throws PhalanxError `ensemble/weights`, `ensemble/members-differ` listing what differs: members without some
 *   images, with other classes or another order of them, with images of another size, or made in several ways.
 */
export async function requireAgreement(
  members: readonly EnsembleMember[],
  entries: readonly SampleEntry[],
  classes: readonly string[],
  signal?: AbortSignal,
): Promise<MemberRecord[]> {
  checkWeights(members, classes);
  const infos = await Promise.all(
    members.map((member) => mapConcurrently(entries, ({ id }) => infoOf(member, id), { signal })),
  );
  const differences = members.flatMap((member, m) =>
    differencesOf(infos[m]!, infos[0]!, entries, classes).map(
      (difference) => `${member.name}: ${difference}`,
    ),
  );
  if (differences.length > 0) throw membersDiffer(differences);
  return members.map(({ name, store, weight = 1 }, m) => {
    const [first] = infos[m]!;
    return { name, store: store.root, weight, provenance: (first as LogitInfo).provenance };
  });
}

/** What the member's file of the image says, or what is wrong with the file. */
async function infoOf({ store }: EnsembleMember, image: string): Promise<LogitInfo | string> {
  try {
    const file = await store.read(image);
    file.verify();
    return file.info;
  } catch (error) {
    if (error instanceof PhalanxError) return error.message;
    throw error;
  }
}

function differencesOf(
  infos: readonly (LogitInfo | string)[],
  reference: readonly (LogitInfo | string)[],
  entries: readonly SampleEntry[],
  classes: readonly string[],
): string[] {
  const differences: string[] = [];
  const provenances = new Map<string, string>();
  for (const [index, info] of infos.entries()) {
    const { id } = entries[index]!;
    if (typeof info === 'string') {
      differences.push(info);
      continue;
    }
    provenances.set(JSON.stringify(Object.entries(info.provenance).sort()), id);
    if (info.classes.join('\n') !== classes.join('\n')) {
      const at = info.classes.findIndex((name, c) => name !== classes[c]);
      const received = info.classes[at] ?? 'nothing';
      const place = at < 0 ? info.classes.length : at;
      const expected = classes[place] ?? 'nothing';
      differences.push(`"${id}" has ${received} as class ${place + 1} where ${expected} belongs`);
    }
    const first = reference[index]!;
    if (typeof first === 'string') continue;
    const size = sizeOf(info);
    if (size !== sizeOf(first)) differences.push(`"${id}" is ${size}, not ${sizeOf(first)} pixels`);
  }
  if (provenances.size > 1) {
    const ids = [...provenances.values()].slice(0, 3).map((id) => `"${id}"`);
    differences.push(`its files were made in ${provenances.size} ways, such as ${ids.join(' and ')}`);
  }
  return differences;
}

function sizeOf({ originalWidth, originalHeight }: LogitInfo): string {
  return `${originalWidth} × ${originalHeight}`;
}

function membersDiffer(differences: readonly string[]): PhalanxError {
  const shown = differences.slice(0, listed);
  const rest = differences.length - shown.length;
  const received = [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])]
    .map((line) => `\n  ${line}`)
    .join('');
  return new PhalanxError('ensemble/members-differ', {
    what: 'The members cannot be joined, and nothing was written',
    expected: 'whole files of the same images and classes from each',
    received: `${received}\n`,
    fix: 'Run phalanx predict for the members named',
  });
}

function checkWeights(members: readonly EnsembleMember[], classes: readonly string[]): void {
  const fail = (expected: string, received: string): never => {
    throw new PhalanxError('ensemble/weights', {
      what: 'The ensemble cannot be made',
      expected,
      received,
      fix: 'Correct the members of the ensemble file',
    });
  };
  if (members.length === 0) fail('at least one member', 'none');
  const names = members.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) fail('members of different names', `"${twice}" twice`);
  const weightsOf = ({ weight = 1 }: EnsembleMember): readonly number[] =>
    typeof weight === 'number' ? classes.map(() => weight) : weight;
  for (const member of members) {
    const weights = weightsOf(member);
    if (weights.length !== classes.length) {
      fail(`one weight, or one for each of ${classes.length} classes`, `${weights.length} of ${member.name}`);
    }
    const wrong = weights.find((weight) => !(weight >= 0 && Number.isFinite(weight)));
    if (wrong !== undefined) fail('weights of at least 0', `${wrong} of ${member.name}`);
  }
  const unweighted = classes.find((_, c) => members.every((member) => weightsOf(member)[c] === 0));
  if (unweighted !== undefined)
    fail('a member with a weight above 0 for every class', `none for ${unweighted}`);
}
