import { logitOf } from '../../labels/upsample.ts';
import { isJoint, leavesOf, weightsOf } from './combination.ts';
import type { Combination, JointMember } from './combination.ts';

/** What becomes of a logit before it is summed; the numbers are those of `native/pixels/combine.cc`. */
export const functions = { identity: 0, sigmoid: 1, logSigmoid: 2, step: 3, rank: 4 } as const;
/** What becomes of a sum before it is another's operand: nothing, or the logit of the probability that it is. */
export const outputs = { sum: 0, logitOfProbability: 1, logitOfLogarithm: 2 } as const;

export interface Operand {
  /** Of `leaves`, or ~ of an earlier node. */
  readonly source: number;
  readonly function: (typeof functions)[keyof typeof functions];
  readonly weight: number;
  /** Where a step is, as a logit or as a sum; the logit at which ranks are to be 0; 0 for other functions. */
  readonly step: number;
}

export interface ProgramNode {
  readonly output: (typeof outputs)[keyof typeof outputs];
  readonly operands: readonly Operand[];
}

/** What is computed of one class's logits. */
export interface Program {
  /** Which of the ensemble's models take part, in the order of `leavesOf`: those with a weight above 0. */
  readonly leaves: readonly number[];
  /** The last is the ensemble itself. */
  readonly nodes: readonly ProgramNode[];
  /** What its sum is to exceed. */
  readonly bound: number;
}

/** More than half of the votes: sums of shares such as 0.1 are inexact, and a tie must not win by rounding. */
const majority = 0.5 + 1e-6;

const functionOf = {
  logits: functions.identity,
  probabilities: functions.sigmoid,
  geometric: functions.logSigmoid,
  rank: functions.rank,
  vote: functions.step,
} as const satisfies Record<Combination, number>;

const outputOf = {
  logits: outputs.sum,
  probabilities: outputs.logitOfProbability,
  geometric: outputs.logitOfLogarithm,
  rank: outputs.sum,
  vote: outputs.logitOfProbability,
} as const satisfies Record<Combination, number>;

/**
 * Compiles an ensemble for one class.
 *
 * @param threshold probability, `[classes]`.
 */
export function compile(
  joint: Pick<JointMember, 'members' | 'combine'>,
  c: number,
  threshold: readonly number[],
): Program {
  const classes = threshold.length;
  const leaves: number[] = [];
  const nodes: ProgramNode[] = [];
  let leaf = 0;
  const add = ({ members, combine }: typeof joint, own: readonly number[], asSum: boolean): number => {
    const weights = members.map((member) => weightsOf(member, classes)[c]!);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const operands: Operand[] = [];
    for (const [m, member] of members.entries()) {
      if (weights[m] === 0) {
        leaf += leavesOf([member]).length;
        continue;
      }
      const inner = isJoint(member) ? thresholdsOf(member, own) : own;
      const isVote = combine === 'vote';
      let source = leaves.length;
      let step = isVote || combine === 'rank' ? logitOf(own[c]!) : 0;
      if (isJoint(member)) {
        source = ~add(member, inner, isVote);
        if (isVote) step = boundOf(member.combine, inner[c]!);
      } else {
        leaves.push(leaf++);
      }
      operands.push({ source, function: functionOf[combine], weight: weights[m]! / total, step });
    }
    return nodes.push({ output: asSum ? outputs.sum : outputOf[combine], operands }) - 1;
  };
  add(joint, threshold, true);
  return { leaves, nodes, bound: boundOf(joint.combine, threshold[c]!) };
}

/** What the sum of an ensemble is to exceed where its probability is to exceed `threshold`; see `combinations`. */
function boundOf(combine: Combination, threshold: number): number {
  switch (combine) {
    case 'logits':
      return logitOf(threshold);
    case 'probabilities':
      return threshold;
    case 'geometric':
      return Math.log(threshold);
    case 'vote':
      return majority;
    case 'rank':
      return 0;
  }
}

function thresholdsOf({ threshold }: JointMember, outer: readonly number[]): readonly number[] {
  if (threshold === undefined) return outer;
  return typeof threshold === 'number' ? outer.map(() => threshold) : threshold;
}
