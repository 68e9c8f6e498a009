import { expect, it } from 'vitest';
import { configProto } from '../../src/engine/configProto.ts';
import { precisionWarning, resolvePrecision } from '../../src/engine/precision.ts';

it('takes bfloat16 for auto only where the processor has it', () => {
  expect(resolvePrecision('auto', true)).toBe('bfloat16');
  expect(resolvePrecision('auto', false)).toBe('float32');
  expect(resolvePrecision('bfloat16', false)).toBe('bfloat16');
  expect(resolvePrecision('float32', true)).toBe('float32');
});

it('says when bfloat16 is asked of something that has none', () => {
  expect(precisionWarning('bfloat16', { device: 'cpu', bfloat16: true })).toBeUndefined();
  expect(precisionWarning('auto', { device: 'cpu', bfloat16: false })).toBeUndefined();
  expect(precisionWarning('float32', { device: 'gpu', bfloat16: false })).toBeUndefined();
  expect(precisionWarning('bfloat16', { device: 'cpu', bfloat16: false })).toMatch(
    /emulated.*many times as long/,
  );
  expect(precisionWarning('bfloat16', { device: 'gpu', bfloat16: false })).toMatch(/GPU.*float32/);
});

it('serializes a ConfigProto as TensorFlow writes it', () => {
  // tf.compat.v1.ConfigProto(intra_op_parallelism_threads=200, inter_op_parallelism_threads=200), and with
  // graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = ON.
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  expect(hex(configProto({ bfloat16: false, threads: 200 }))).toBe('10c80128c80152025200');
  expect(hex(configProto({ bfloat16: true, threads: 2 }))).toBe('1002280252055203f80101');
  // With device_count = {'GPU': 0}.
  const none = { visible: 'none', memoryGrowth: true } as const;
  expect(hex(configProto({ bfloat16: false, threads: 2, gpu: none }))).toBe(
    '0a070a0347505510001002280252025200',
  );
  // With gpu_options = {per_process_gpu_memory_fraction: 0.5, allow_growth: True, visible_device_list: '1'}.
  const second = { visible: 1, memoryGrowth: true, memoryFraction: 0.5 };
  expect(hex(configProto({ bfloat16: false, threads: 2, gpu: second }))).toBe(
    '10022802320e09000000000000e03f20012a013152025200',
  );
});
