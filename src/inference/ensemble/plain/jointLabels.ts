import { createLabelMap } from '../../../labels/labelMap.ts';
import type { LabelMap } from '../../../labels/labelMap.ts';
import { storedByte } from '../../store/quantization.ts';
import { compile, functions, outputs } from '../program.ts';
import type { Operand, Program, ProgramNode } from '../program.ts';
import type { JointMember } from '../combination.ts';
import { rankOf, rankTable } from '../rankTable.ts';

/** One model's logits of one image, as the store gives them back. */
export interface PlainLogits {
  readonly width: number;
  readonly height: number;
  /** `[classes]`, each `[height, width]`. */
  readonly planes: readonly Float32Array[];
}

/** The plain twin of `jointLabels`, every pixel in double precision. */
export function jointLabelsPlain(
  joint: Pick<JointMember, 'members' | 'combine'>,
  models: readonly PlainLogits[],
  threshold: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): LabelMap {
  const labels = createLabelMap(width, height, threshold.length);
  for (const c of threshold.keys()) {
    const program = compile(joint, c, threshold);
    const leaves = program.leaves.map((leaf) => ({ ...models[leaf]!, plane: models[leaf]!.planes[c]! }));
    const ranks = program.nodes.map(({ operands }) =>
      operands.map(({ function: of, source, step }) =>
        of === functions.rank ? rankTable(countsOf(leaves[source]!.plane), step) : undefined,
      ),
    );
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const logits = leaves.map((leaf) => interpolated(leaf, x, y, width, height));
        if (valueOf(program, logits, ranks) > program.bound) {
          labels.planes[c >> 5]![y * width + x]! |= 1 << (c % 32);
        }
      }
    }
  }
  return labels;
}

function countsOf(plane: Float32Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (const logit of plane) counts[storedByte(logit)]!++;
  return counts;
}

function valueOf(
  { nodes }: Program,
  logits: readonly number[],
  ranks: readonly (readonly (Float32Array | undefined)[])[],
): number {
  const values: number[] = [];
  for (const [n, { operands, output }] of nodes.entries()) {
    let sum = 0;
    for (const [i, operand] of operands.entries()) {
      const x = operand.source >= 0 ? logits[operand.source]! : values[~operand.source]!;
      sum += operand.weight * applied(operand, x, ranks[n]![i]);
    }
    values.push(asOutput(output, sum));
  }
  return values.at(-1)!;
}

function applied({ function: of, step }: Operand, x: number, ranks: Float32Array | undefined): number {
  switch (of) {
    case functions.identity:
      return x;
    case functions.sigmoid:
      return 1 / (1 + Math.exp(-x));
    case functions.logSigmoid:
      return -Math.log1p(Math.exp(-x));
    case functions.step:
      return x > step ? 1 : 0;
    case functions.rank:
      return rankOf(x, ranks!);
  }
}

function asOutput(output: ProgramNode['output'], sum: number): number {
  const smallest = 1e-7;
  if (output === outputs.logitOfProbability) {
    const p = Math.min(Math.max(sum, smallest), 1 - smallest);
    return Math.log(p / (1 - p));
  }
  if (output === outputs.logitOfLogarithm) {
    const logarithm = Math.min(sum, -smallest);
    return logarithm - Math.log(-Math.expm1(logarithm));
  }
  return sum;
}

function interpolated(
  { width, height, plane }: { readonly width: number; readonly height: number; readonly plane: Float32Array },
  x: number,
  y: number,
  toWidth: number,
  toHeight: number,
): number {
  const tap = (i: number, from: number, to: number): readonly [number, number, number] => {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const first = Math.floor(position);
    return [first, Math.min(first + 1, from - 1), position - first];
  };
  const [left, right, u] = tap(x, width, toWidth);
  const [top, bottom, v] = tap(y, height, toHeight);
  const row = (at: number): number => (1 - u) * plane[at * width + left]! + u * plane[at * width + right]!;
  return (1 - v) * row(top) + v * row(bottom);
}
