import type { TensorValues } from '../native.ts';
import type { TensorSpec } from '../signature.ts';
import type { Graph, GraphOp } from './record.ts';

/**
 * One graph for batches of any size out of two recordings of a function that differ in nothing but the size of the
 * batch: where their shapes differ stands -1, and lists of sizes that hold it are told to leave it open.
 *
 * @returns undefined where an op wants the size of the batch as a number.
 */
export function freeBatch(one: Graph, other: Graph): Graph | undefined {
  if (!sameOps(one, other)) return undefined;
  const values = new Map<number, TensorSpec>();
  for (const [value, { type, shape }] of one.values) {
    const others = other.values.get(value)?.shape;
    if (others?.length !== shape.length) return undefined;
    values.set(value, { type, shape: shape.map((size, axis) => (size === others[axis] ? size : -1)) });
  }
  const constants = new Map<number, TensorValues>();
  for (const [value, data] of one.constants) {
    const opened = openSizes(value, one, other);
    if (opened === undefined || values.get(value)!.shape.includes(-1)) return undefined;
    constants.set(value, opened);
    if (opened.length !== data.length) values.set(value, { ...values.get(value)!, shape: [opened.length] });
  }
  return { ...one, values, constants };
}

function sameOps(one: Graph, other: Graph): boolean {
  const described = ({ ops, inputs, outputs }: Graph) =>
    JSON.stringify({
      ops: ops.map((op) => [op.type, op.attributes, op.inputs, op.outputs]),
      inputs,
      outputs,
    });
  return described(one) === described(other);
}

/** The constant for both graphs, or undefined where there is none. */
function openSizes(value: number, one: Graph, other: Graph): TensorValues | undefined {
  const [ours, theirs] = [one.constants.get(value)!, other.constants.get(value)];
  if (ours === theirs) return ours;
  if (theirs?.length !== ours.length) return undefined;
  const open = [...ours.keys()].filter((index) => ours[index] !== theirs[index]);
  if (open.length === 0) return ours;
  const users = one.ops.filter(({ inputs }) => inputs.includes(value));
  if (!users.every((op) => canOpen(op, value, open, ours, one))) return undefined;
  const numbers = Array.from(ours, Number);
  if (users[0]?.type === 'Conv2DBackpropInput') return Int32Array.from(numbers.slice(1, 3));
  return Int32Array.from(numbers.map((size, index) => (open.includes(index) ? -1 : size)));
}

function canOpen(
  { type, inputs }: GraphOp,
  value: number,
  open: readonly number[],
  sizes: TensorValues,
  graph: Graph,
): boolean {
  switch (type) {
    case 'Reshape':
      return inputs[0] !== value && open.length === 1 && !Array.from(sizes, Number).includes(-1);
    case 'Slice': {
      // -1 is all that follows the first.
      const starts = graph.constants.get(inputs[1]!);
      const shape = graph.values.get(inputs[0]!)!.shape;
      const whole = open.every((axis) => Number(starts?.[axis]) === 0 && shape[axis] === sizes[axis]);
      return inputs[2] === value && inputs[1] !== value && whole;
    }
    case 'Conv2DBackpropInput':
      // Takes height and width alone, too.
      return inputs[0] === value && open.length === 1 && open[0] === 0;
    default:
      return false;
  }
}
