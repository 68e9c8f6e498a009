import { PhalanxError } from '../../core/errors.ts';
import type { EnsembleMember } from './combine.ts';

/**
 * How members are joined, pixel by pixel at the image's own size; w are the members' shares, which sum to 1 in each
 * class, x a member's logit after bilinear upsampling (`align_corners=False`) and t the threshold, a probability:
 *
 * - `logits`: Σ w·x > logit(t). The normalized geometric mean of probabilities, Πp^w / (Πp^w + Π(1−p)^w) > t, is the
 *   same thing.
 * - `probabilities`: Σ w·sigmoid(x) > t.
 * - `geometric`: Π sigmoid(x)^w > t, not normalized, as ttach's `gmean`.
 * - `rank`: Σ w·R(x) > Σ w·R(logit(t)), for members of other calibrations: R is the member's own rank of a logit in the
 *   image and class (`rankTable`), so that only the order of its logits counts and the threshold keeps its meaning.
 * - `vote`: the shares of the members with x > logit(t) sum to more than 1/2; a tie is background.
 */
export const combinations = ['logits', 'probabilities', 'geometric', 'rank', 'vote'] as const;
export type Combination = (typeof combinations)[number];

/** An ensemble that is a member of another; nothing of it is stored, it is computed with the whole. */
export interface JointMember {
  readonly name: string;
  readonly members: readonly AnyMember[];
  readonly combine: Combination;
  /**
   * Probability above which it votes for a class, `[classes]`, or one for all; the outer ensemble's if left out. Only
   * votes ask for it: to a mean, it contributes its joint logit or probability.
   */
  readonly threshold?: number | readonly number[];
  /** As `EnsembleMember`'s. */
  readonly weight?: number | readonly number[];
}

/** One model's logits, or an ensemble. */
export type AnyMember = EnsembleMember | JointMember;

/** Ensembles inside one another, the outermost included. */
const deepest = 8;

export function isJoint(member: AnyMember): member is JointMember {
  return 'members' in member;
}

/** The models of an ensemble and of those inside it, in order. */
export function leavesOf(members: readonly AnyMember[]): EnsembleMember[] {
  return members.flatMap((member) => (isJoint(member) ? leavesOf(member.members) : [member]));
}

/**
 * Refuses ensembles without members, with unusable weights, with two members of one name, or joined in a way that has
 * no meaning.
 *
 * @throws PhalanxError `ensemble/weights`, `ensemble/combine`.
 */
export function checkMembers(
  { members, combine }: Pick<JointMember, 'members' | 'combine'>,
  classes: readonly string[],
  depth = 1,
): void {
  if (members.length === 0) throw unusable('at least one member', 'none');
  if (depth > deepest) throw unusable(`ensembles at most ${deepest} deep`, 'a deeper one');
  const names = members.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw unusable('members of different names', `"${twice}" twice`);
  for (const member of members) {
    const weights = weightsOf(member, classes.length);
    if (weights.length !== classes.length) {
      throw unusable(
        `one weight, or one for each of ${classes.length} classes`,
        `${weights.length} of ${member.name}`,
      );
    }
    const wrong = weights.find((weight) => !(weight >= 0 && Number.isFinite(weight)));
    if (wrong !== undefined) throw unusable('weights of at least 0', `${wrong} of ${member.name}`);
    if (!isJoint(member)) continue;
    if (combine === 'rank') {
      throw meaningless(member, 'only models among the members of a rank mean', 'an ensemble');
    }
    if (member.combine === 'rank' && combine !== 'vote') {
      throw meaningless(member, 'no rank mean inside anything but a vote', `one inside ${combine}`);
    }
    checkMembers(member, classes, depth + 1);
  }
  const unweighted = classes.find((_, c) =>
    members.every((member) => weightsOf(member, classes.length)[c] === 0),
  );
  if (unweighted !== undefined) {
    throw unusable('a member with a weight above 0 for every class', `none for ${unweighted}`);
  }
}

/** One per class. */
export function weightsOf({ weight = 1 }: AnyMember, classes: number): readonly number[] {
  return typeof weight === 'number' ? Array.from({ length: classes }, () => weight) : weight;
}

/**
 * The share of each model in an ensemble that takes nothing but means of logits: `[leaves][classes]`, in the order of
 * `leavesOf`, each class summing to 1. Undefined for any other ensemble.
 */
export function logitShares(
  { members, combine }: Pick<JointMember, 'members' | 'combine'>,
  classes: number,
): number[][] | undefined {
  if (combine !== 'logits') return undefined;
  const weights = members.map((member) => weightsOf(member, classes));
  const totals = Array.from({ length: classes }, (_, c) =>
    weights.reduce((sum, ofMember) => sum + ofMember[c]!, 0),
  );
  const shares: number[][] = [];
  for (const [m, member] of members.entries()) {
    const own = weights[m]!.map((weight, c) => weight / totals[c]!);
    const inner = isJoint(member) ? logitShares(member, classes) : [own.map(() => 1)];
    if (inner === undefined) return undefined;
    for (const ofLeaf of inner) shares.push(ofLeaf.map((share, c) => share * own[c]!));
  }
  return shares;
}

function unusable(expected: string, received: string): PhalanxError {
  return new PhalanxError('ensemble/weights', {
    what: 'The ensemble cannot be made',
    expected,
    received,
    fix: 'Correct the members of the ensemble file',
  });
}

function meaningless({ name }: AnyMember, expected: string, received: string): PhalanxError {
  return new PhalanxError('ensemble/combine', {
    what: 'The members cannot be joined in this way',
    where: name,
    expected,
    received,
    fix: 'Ranks have no common scale with logits or probabilities: choose another "combine"',
  });
}
