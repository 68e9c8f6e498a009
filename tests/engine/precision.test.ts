import { expect, it } from 'vitest';
import { configProto } from '../../src/engine/configProto.ts';
import { resolvePrecision } from '../../src/engine/precision.ts';

it('takes bfloat16 for auto only where the processor has it', () => {
  expect(resolvePrecision('auto', true)).toBe('bfloat16');
  expect(resolvePrecision('auto', false)).toBe('float32');
  expect(resolvePrecision('bfloat16', false)).toBe('bfloat16');
  expect(resolvePrecision('float32', true)).toBe('float32');
});

it('serializes a ConfigProto as TensorFlow writes it', () => {
  // tf.compat.v1.ConfigProto(intra_op_parallelism_threads=200, inter_op_parallelism_threads=200), and with
  // graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = ON.
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  expect(hex(configProto({ bfloat16: false, threads: 200 }))).toBe('10c80128c80152025200');
  expect(hex(configProto({ bfloat16: true, threads: 2 }))).toBe('1002280252055203f80101');
});
