import type { Graph } from '../../../engine/graph/record.ts';
import { axisOps } from './axes.ts';
import { OnnxBuilder } from './builder.ts';
import { Conversion, refuse } from './conversion.ts';
import { elementwiseOps, matrixOps } from './elementwise.ts';
import type { Convert } from './elementwise.ts';
import { convolutionOps } from './convolutions.ts';
import type { OnnxModel } from './file.ts';
import { imageOps } from './images.ts';

const operators = new Map<string, Convert>(
  [elementwiseOps, matrixOps, axisOps, convolutionOps, imageOps].flatMap((each) => Object.entries(each)),
);

/**
 * A recorded graph of one input and one output, `x` and `logits`, as an ONNX model.
 *
 * @throws PhalanxError `export/op`
 */
export function toOnnx(graph: Graph, metadata: Readonly<Record<string, string>>): OnnxModel {
  const onnx = new OnnxBuilder();
  const conversion = new Conversion(graph, onnx);
  const [x, logits] = [graph.inputs[0]!, graph.outputs[0]!];
  conversion.setLast(x, 'x');
  for (const op of graph.ops) (operators.get(op.type) ?? refuse(op.type))(op, conversion);
  onnx.addOutput('logits', conversion.last(logits));
  const shape = (value: number) => conversion.shapeOf(value).map((size) => (size < 0 ? 'N' : size));
  return {
    name: 'model',
    ...onnx.needed(['logits']),
    inputs: [{ name: 'x', shape: shape(x) }],
    outputs: [{ name: 'logits', shape: shape(logits) }],
    metadata,
  };
}
