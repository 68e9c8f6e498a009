/**
 * TensorFlow's `ConfigProto`, serialized. Field numbers: tensorflow/core/protobuf/config.proto and
 * rewriter_config.proto.
 */
export function configProto({ bfloat16, threads }: { bfloat16: boolean; threads: number }): Uint8Array {
  const on = 1;
  const rewriteOptions = bfloat16 ? integer(31 /* auto_mixed_precision_onednn_bfloat16 */, on) : [];
  const graphOptions = message(10 /* rewrite_options */, rewriteOptions);
  return Uint8Array.from([
    ...integer(2 /* intra_op_parallelism_threads */, threads),
    ...integer(5 /* inter_op_parallelism_threads */, threads),
    ...message(10 /* graph_options */, graphOptions),
  ]);
}

function integer(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

function message(field: number, bytes: readonly number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
