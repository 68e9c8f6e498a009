import { integer, message, text } from '../../../core/protobuf.ts';
import type { Fields } from '../../../core/protobuf.ts';
import type { Graph } from '../../../engine/graph/record.ts';
import { graphDef, shapeProto } from './graphDef.ts';

/**
 * A `tensorflow.SavedModel` of a recorded graph of one input and one output: frozen, with the signature
 * `serving_default` from `x` to `logits`. Field numbers: tensorflow/core/protobuf/{saved_model,meta_graph}.proto
 */
export function savedModel(graph: Graph, tensorflowVersion: string): Fields {
  const { fields, nameOf } = graphDef(graph);
  const info = (value: number): Fields => {
    const { type, shape } = graph.values.get(value)!;
    return [
      ...text(1 /* name */, nameOf(value)),
      ...integer(2 /* dtype */, type),
      ...message(3 /* tensor_shape */, shapeProto(shape)),
    ];
  };
  const signature = [
    ...entry(1 /* inputs */, 'x', info(graph.inputs[0]!)),
    ...entry(2 /* outputs */, 'logits', info(graph.outputs[0]!)),
    ...text(3 /* method_name */, 'tensorflow/serving/predict'),
  ];
  const metaInfo = [...text(4 /* tags */, 'serve'), ...text(5 /* tensorflow_version */, tensorflowVersion)];
  const metaGraph = [
    ...message(1 /* meta_info_def */, metaInfo),
    ...message(2 /* graph_def */, fields),
    ...entry(5 /* signature_def */, 'serving_default', signature),
  ];
  return [...integer(1 /* saved_model_schema_version */, 1), ...message(2 /* meta_graphs */, metaGraph)];
}

/** A member of a map. */
function entry(field: number, key: string, value: Fields): Fields {
  return message(field, [...text(1 /* key */, key), ...message(2 /* value */, value)]);
}
