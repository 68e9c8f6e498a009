import type { TensorValues } from '../native.ts';
import { startedEngine } from '../running.ts';
import { needed } from './record.ts';
import type { Graph, GraphOp } from './record.ts';

/** Computes once and for all what depends on constants alone, such as weights scaled by a normalization. */
export function foldConstants(graph: Graph): Graph {
  const constants = new Map(graph.constants);
  const remaining = graph.ops.filter((op) => {
    const known = op.inputs.map((input) => constants.get(input));
    if (!known.every((values) => values !== undefined)) return true;
    compute(graph, op, known).forEach((values, position) => constants.set(op.outputs[position]!, values));
    return false;
  });
  const ops = needed(remaining, graph.outputs);
  const used = new Set([...graph.outputs, ...ops.flatMap(({ inputs }) => inputs)]);
  return { ...graph, ops, constants: new Map([...constants].filter(([value]) => used.has(value))) };
}

function compute(
  graph: Graph,
  { type, attributes, inputs, outputs }: GraphOp,
  known: readonly TensorValues[],
): TensorValues[] {
  const { native } = startedEngine();
  const tensors = known.map((values, position) => {
    const spec = graph.values.get(inputs[position]!)!;
    return native.createTensor(spec.shape, spec.type, values);
  });
  try {
    return native.executeOp(type, attributes, tensors, outputs.length).map(({ id }) => {
      const values = native.tensorDataSync(id);
      native.deleteTensor(id);
      return values;
    });
  } finally {
    for (const tensor of tensors) native.deleteTensor(tensor);
  }
}
