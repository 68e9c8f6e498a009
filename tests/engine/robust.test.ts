import * as tf from '@tensorflow/tfjs-core';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { attribute, runOp } from '../../src/engine/op.ts';

// What the machine or TensorFlow cannot do is an error with the op, the shapes and the line, and computing goes on.

let native: number;

beforeAll(async () => {
  await startEngine();
});
beforeEach(() => {
  native = nativeTensorCount();
});
afterEach(async () => {
  const one = tf.scalar(1);
  const two = tf.add(one, 1);
  expect((await two.data())[0]).toBe(2);
  tf.dispose([one, two]);
  expect(nativeTensorCount()).toBe(native);
});

function thrown(body: () => unknown): PhalanxError {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(PhalanxError);
    return error as PhalanxError;
  }
  throw new Error('Nothing was thrown');
}

async function rejected(promise: Promise<unknown>): Promise<PhalanxError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PhalanxError);
  return error as PhalanxError;
}

/** Two thin tensors whose sum has 1.6 TB. */
const thin = () => [tf.ones([200_000, 1]), tf.ones([1, 2_000_000])] as const;

describe('out of memory', () => {
  it('says so for an op that runs at once', () => {
    const [a, b] = thin();
    const error = thrown(() => tf.add(a, b));
    expect(error.code).toBe('engine/op');
    expect(error.message).toMatch(
      /^The op Add\w* failed on float32\[200000,1\], float32\[1,2000000\]: received OOM .* shape\[200000,2000000\]/,
    );
    expect(error.stack).toContain('robust.test.ts');
    tf.dispose([a, b]);
  });

  it('says so for an op inside a compiled function, and where it was asked for', async () => {
    const [a, b] = thin();
    const compiled = compile((x: tf.Tensor, y: tf.Tensor) => tf.add(x, y), { name: 'huge' });
    const error = await rejected(compiled(a, b));
    expect(error.code).toBe('engine/run');
    expect(error.message).toMatch(
      /^The compiled function huge failed on float32\[200000,1\], float32\[1,2000000\] in the op Add\w* \(\S*robust\.test\.ts:\d+\): received OOM .* shape\[200000,2000000\]/,
    );
    expect(error.message).not.toMatch(/\n|job:localhost/);
    expect((error.cause as Error).stack).toContain('robust.test.ts');
    compiled.dispose();
    tf.dispose([a, b]);
  });

  it.each(['eager', 'host', 'traced'])('of the process itself is an error, not its end (%s)', (way) => {
    const program = fileURLToPath(new URL('memory.process.ts', import.meta.url));
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', program, way],
      { encoding: 'utf8' },
    );
    expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
    expect(stdout).toMatch(/^refused: .*(OOM|no memory|allocation failed)[^\n]*\nafterwards 2\n$/i);
  });
});

describe('what TensorFlow has no kernel for', () => {
  it('is an error of the op that runs at once', () => {
    const size = tf.scalar(1, 'int32');
    const types = [attribute.type('T'), attribute.type('S', 'int32')];
    const error = thrown(() => runOp('CudnnRNNParamsSize', types, [size, size, size]));
    expect(error.message).toMatch(
      /^The op CudnnRNNParamsSize failed on int32\[\], int32\[\], int32\[\]: received Could not find device/,
    );
    size.dispose();
  });

  it('is an error of the compiled function, with the line', async () => {
    const x = tf.ones([1, 2, 2, 2, 4]);
    const compiled = compile(
      (value: tf.Tensor) =>
        runOp(
          'MaxPool',
          [
            attribute.type('T'),
            attribute.ints('ksize', [1, 1, 1, 1]),
            attribute.ints('strides', [1, 1, 1, 1]),
            attribute.string('padding', 'SAME'),
            attribute.string('data_format', 'NCHW_VECT_C'),
          ],
          [value],
        ),
      { name: 'layout' },
    );
    const error = await rejected(compiled(x));
    expect(error.message).toMatch(
      /^The compiled function layout failed on float32\[1,2,2,2,4\] in the op MaxPool \(\S*robust\.test\.ts:\d+\): received .*NHWC/,
    );
    compiled.dispose();
    x.dispose();
  });

  it('is an error for a type that the op never has', () => {
    const flags = tf.tensor2d([[true]], [1, 1], 'bool');
    const error = thrown(() => runOp('MatMul', [attribute.type('T', 'bool')], [flags, flags]));
    expect(error.message).toMatch(
      /^The op MatMul failed on bool\[1,1\], bool\[1,1\]: received .*bool is not in the list/,
    );
    flags.dispose();
  });
});
