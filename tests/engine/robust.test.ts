import * as tf from '@tensorflow/tfjs-core';
import { totalmem } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { attribute, runOp, sizes } from '../../src/engine/op.ts';

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
      /^The compiled function huge failed on float32\[200000,1\], float32\[1,2000000\] \(Add\w* of \S*robust\.test\.ts:\d+:\d+\): received OOM .* shape\[200000,2000000\]/,
    );
    expect(error.message).not.toMatch(/\n|job:localhost/);
    compiled.dispose();
    tf.dispose([a, b]);
  });

  /** A tensor of `gigabytes` GB whose values nobody writes, so that it has an address and no memory. */
  const empty = (gigabytes: number): tf.Tensor =>
    runOp('Empty', [attribute.type('dtype'), attribute.bool('init', false)], [sizes([gigabytes, 2 ** 28])]);
  const more = Math.ceil(totalmem() / 2 ** 30) + 1;

  it('says so when many tensors together have taken all there is', () => {
    const kept: tf.Tensor[] = [];
    const error = thrown(() =>
      tf.tidy(() => {
        for (let i = 0; i < more; i++) kept.push(tf.keep(empty(1)));
      }),
    );
    expect(error.message).toMatch(/^The op Empty failed on int32\[2\]: received OOM/);
    expect(kept.length).toBeGreaterThan(0);
    tf.dispose(kept);
  });

  it('says so when what a compiled function holds at once has', async () => {
    const compiled = compile(() => Array.from({ length: more }, () => empty(1)), { name: 'many' });
    const error = await rejected(compiled());
    expect(error.message).toMatch(
      /^The compiled function many failed \(Empty\w* of \S*robust\.test\.ts:\d+:\d+\): received OOM/,
    );
    compiled.dispose();
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
    const size = tf.scalar(1, 'int32');
    const types = [attribute.type('T'), attribute.type('S', 'int32')];
    const compiled = compile((x: tf.Tensor) => runOp('CudnnRNNParamsSize', types, [x, x, x]), {
      name: 'recurrent',
    });
    const error = await rejected(compiled(size));
    expect(error.message).toMatch(
      /^The compiled function recurrent failed on int32\[\] \(CudnnRNNParamsSize\w* of \S*robust\.test\.ts:\d+:\d+\): received/,
    );
    compiled.dispose();
    size.dispose();
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
