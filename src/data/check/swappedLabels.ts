import { align, moved } from './alignment.ts';
import { logSize } from './arrangement.ts';
import type { Arrangement } from './arrangement.ts';
import type { LabelFacts } from './labelFacts.ts';
import { median } from './robust.ts';

/** Two classes whose labels fit far better the other way round. */
export interface Swap {
  readonly classes: readonly [number, number];
  /** How much likelier the exchanged labels are: natural logarithm of the ratio. */
  readonly evidence: number;
}

/** Classes nearby whose displacement tells where a class must be; an odd number, so that the median is one of them. */
const neighbours = 5;

/** Degrees of freedom of Student's distribution: tails heavy enough for bent fingers. */
const freedom = 4;

/** Least evidence of a swap. */
export const leastEvidence = 8;

/** Where the classes of one image lie, seen in the frame of the arrangement. */
interface Placed {
  /** `[classes]`: displacement from the usual place. */
  readonly dx: Float64Array;
  readonly dy: Float64Array;
  /** `[classes]`: logarithm of the area. */
  readonly size: Float64Array;
  readonly classes: readonly number[];
}

/**
 * Finds pairs of exchanged labels. An image is laid onto the arrangement; what a class is expected to be displaced by
 * is the median of its neighbours' displacements, so a bent finger moves its bones together; and of each pair it is
 * asked how likely place and size are as labelled and the other way round.
 */
export function findSwaps(facts: LabelFacts, arrangement: Arrangement): Swap[] {
  const placed = place(facts, arrangement);
  if (placed === undefined) return [];
  const found: Swap[] = [];
  const { classes } = placed;
  for (const [at, a] of classes.entries()) {
    for (const b of classes.slice(at + 1)) {
      const evidence = swapEvidence(placed, arrangement, a, b);
      if (evidence >= leastEvidence) found.push({ classes: [a, b], evidence });
    }
  }
  // Of swaps that share a class, the likeliest.
  const taken = new Set<number>();
  return found
    .sort((p, q) => q.evidence - p.evidence)
    .filter(({ classes: [a, b] }) => {
      if (taken.has(a) || taken.has(b)) return false;
      taken.add(a).add(b);
      return true;
    });
}

function place(facts: LabelFacts, { pattern, spreads }: Arrangement): Placed | undefined {
  const alignment = align(facts, pattern, spreads);
  if (alignment === undefined) return undefined;
  const count = pattern.x.length;
  const [dx, dy, size] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const classes: number[] = [];
  for (let c = 0; c < count; c++) {
    if (facts.areas[c] === 0 || Number.isNaN(pattern.x[c]!)) continue;
    const [x, y] = moved(alignment.similarity, facts.x[c]!, facts.y[c]!);
    dx[c] = x - pattern.x[c]!;
    dy[c] = y - pattern.y[c]!;
    size[c] = logSize(facts, c, alignment.similarity);
    classes.push(c);
  }
  return { dx, dy, size, classes };
}

function swapEvidence(placed: Placed, arrangement: Arrangement, a: number, b: number): number {
  const { pattern } = arrangement;
  const [fieldA, fieldB] = [field(placed, arrangement, a, b), field(placed, arrangement, b, a)];
  const [gapX, gapY] = [pattern.x[b]! - pattern.x[a]!, pattern.y[b]! - pattern.y[a]!];
  const { dx, dy, size } = placed;
  const now =
    surprise(arrangement, a, dx[a]! - fieldA[0], dy[a]! - fieldA[1], size[a]!) +
    surprise(arrangement, b, dx[b]! - fieldB[0], dy[b]! - fieldB[1], size[b]!);
  const exchanged =
    surprise(arrangement, a, dx[b]! + gapX - fieldA[0], dy[b]! + gapY - fieldA[1], size[b]!) +
    surprise(arrangement, b, dx[a]! - gapX - fieldB[0], dy[a]! - gapY - fieldB[1], size[a]!);
  return now - exchanged;
}

/** What the neighbours of a class say about its displacement. */
function field(
  { dx, dy, classes }: Placed,
  { pattern }: Arrangement,
  c: number,
  without: number,
): [number, number] {
  const distance = (k: number): number =>
    (pattern.x[k]! - pattern.x[c]!) ** 2 + (pattern.y[k]! - pattern.y[c]!) ** 2;
  const near = classes
    .filter((k) => k !== c && k !== without)
    .sort((p, q) => distance(p) - distance(q))
    .slice(0, neighbours);
  if (near.length === 0) return [0, 0];
  return [median(near.map((k) => dx[k]!)), median(near.map((k) => dy[k]!))];
}

/** Negative logarithm of the likelihood of a class's place and size, but for a constant of the class. */
function surprise({ spreads, sizes }: Arrangement, c: number, dx: number, dy: number, size: number): number {
  const square =
    (dx * dx + dy * dy) / spreads[c]! ** 2 + ((size - sizes[c]!.middle) / sizes[c]!.deviation) ** 2;
  return ((freedom + 3) / 2) * Math.log1p(square / freedom);
}
