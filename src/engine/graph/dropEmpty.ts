import { attribute } from '../op.ts';
import { needed } from './record.ts';
import type { Graph, GraphOp } from './record.ts';

/** Leaves out what is joined without having any values, such as a feature map of no channels. */
export function dropEmptyParts(graph: Graph): Graph {
  const ops = graph.ops.map((op): GraphOp => {
    if (op.type !== 'ConcatV2') return op;
    const parts = op.inputs.slice(0, -1);
    const full = parts.filter((part) => !graph.values.get(part)!.shape.includes(0));
    if (full.length === parts.length || full.length === 0) return op;
    if (full.length === 1) {
      const attributes = op.attributes.filter(({ name }) => name === 'T');
      return { type: 'Identity', attributes, inputs: full, outputs: op.outputs };
    }
    const attributes = [...op.attributes.filter(({ name }) => name !== 'N'), attribute.int('N', full.length)];
    return { ...op, attributes, inputs: [...full, op.inputs.at(-1)!] };
  });
  const kept = needed(ops, graph.outputs);
  const used = new Set(kept.flatMap(({ inputs }) => inputs));
  return {
    ...graph,
    ops: kept,
    constants: new Map([...graph.constants].filter(([value]) => used.has(value))),
  };
}
