import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { attribute, runOp } from '../../src/engine/op.ts';
import { unpackLabels } from '../../src/engine/ops/unpackLabels.ts';
import { uint8Tensor } from '../../src/engine/bytes.ts';

let tensors: number;
let native: number;
let x: tf.Tensor2D;

beforeAll(async () => {
  // What a program begins with; the test runner has raised it.
  Error.stackTraceLimit = 10;
  await startEngine();
});
beforeEach(() => {
  tensors = tf.memory().numTensors;
  native = nativeTensorCount();
  x = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
});
// A failed trace leaves nothing behind, not even in the engine.
afterEach(() => {
  x.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
  expect(nativeTensorCount()).toBe(native);
});

const checkNumerics = (value: tf.Tensor) =>
  runOp('CheckNumerics', [attribute.type('T'), attribute.string('message', 'check')], [value]);

async function failure(fn: (value: tf.Tensor2D) => tf.TensorContainer): Promise<PhalanxError> {
  const error: unknown = await compile(fn, { name: 'faulty' })(x).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PhalanxError);
  return error as PhalanxError;
}

describe('a trace refuses', () => {
  it.each<[string, (value: tf.Tensor2D) => tf.TensorContainer]>([
    ['dataSync', (value) => (tf.sum(value).dataSync()[0]! > 0 ? value : tf.neg(value))],
    ['arraySync', (value) => tf.sum(value).arraySync()],
    ['print', (value) => (tf.sum(value).print(), value)],
    ['data', (value) => (void tf.sum(value).data(), value)],
  ])('reading a value with %s, and names the op', async (_, fn) => {
    const error = await failure(fn);
    expect(error.code).toBe('engine/value-read-in-trace');
    expect(error.message).toContain("Sum's result");
    expect(error.message).toContain('the compiled function faulty');
  });

  it('reading a captured tensor', async () => {
    const captured = tf.tensor1d([1]);
    const error = await failure((value) => tf.mul(value, captured.dataSync()[0]!));
    expect(error.code).toBe('engine/value-read-in-trace');
    captured.dispose();
  });

  it('an async function', async () => {
    const error = await failure((async (value: tf.Tensor2D) => {
      await value.data();
      return value;
    }) as unknown as (value: tf.Tensor2D) => tf.Tensor);
    expect(error.code).toBe('engine/value-read-in-trace');
    const harmless = await failure((() => Promise.resolve(1)) as unknown as () => number);
    expect(harmless.code).toBe('engine/async-function');
  });

  it('random numbers drawn on the host, and leaves Math.random as it was', async () => {
    const original = Math.random;
    for (const fn of [
      (value: tf.Tensor2D) => tf.dropout(value, 0.5),
      (value: tf.Tensor2D) => tf.add(value, tf.randomNormal([2, 2])),
      (value: tf.Tensor2D) => tf.mul(value, Math.random()),
    ]) {
      const error = await failure(fn);
      expect(error.code).toBe('engine/random-in-trace');
    }
    expect(Math.random).toBe(original);
  });

  it('misfitting shapes, with op, shapes and the line that asked for it', async () => {
    const error = await failure((value) => tf.concat([value, tf.zeros([3, 3])], 0));
    expect(error.message).toMatch(/ConcatV2|concat/i);
    const conv = await failure((value) =>
      tf.conv2d(tf.reshape<tf.Rank.R4>(value, [1, 2, 2, 1]), tf.zeros([3, 3, 1, 1]), 1, 'valid'),
    );
    expect(conv.code).toBe('engine/op');
    expect(conv.message).toContain('Conv2D failed on float32[1,2,2,1], float32[3,3,1,1]');
    expect(conv.stack).toContain('traceErrors.test.ts');
  });

  it('results whose shape depends on values', async () => {
    const error = await failure((value) => tf.unique(tf.reshape(value, [4])).values);
    expect(error.code).toBe('engine/unknown-shape');
  });

  it('variables made inside', async () => {
    const error = await failure((value) => tf.add(value, tf.variable(tf.zeros([2, 2]))));
    expect(error.code).toBe('engine/variable-created-in-trace');
  });

  it('calls of compiled functions inside', async () => {
    const inner = compile((value: tf.Tensor) => tf.neg(value), { name: 'inner' });
    const error = await failure((value) => (void inner(value), value));
    expect(error.code).toBe('engine/nested-trace');
  });

  it('an exception of the function itself, unchanged', async () => {
    const own = new Error('mine');
    const compiled = compile(
      () => {
        throw own;
      },
      { name: 'throws' },
    );
    await expect(compiled()).rejects.toBe(own);
  });
});

describe('outside a trace', () => {
  it('a symbol that escaped is refused', async () => {
    const escaped: tf.Tensor[] = [];
    const compiled = compile(
      (value: tf.Tensor2D) => {
        escaped.push(tf.neg(value));
        return value;
      },
      { name: 'escape' },
    );
    (await compiled(x)).dispose();
    expect(() => tf.add(escaped[0]!, 1)).toThrow(/disposed|outside/);
  });

  it('tf.keep inside a trace is refused', async () => {
    const error = await failure((value) => {
      const kept = tf.keep(tf.neg(value));
      queueMicrotask(() => kept.dispose());
      return value;
    });
    expect(error.code).toBe('engine/tensor-kept-in-trace');
  });

  it('arguments that are not tensors are refused', async () => {
    const compiled = compile((value: tf.Tensor) => value, { name: 'arguments' });
    await expect(compiled(3 as unknown as tf.Tensor)).rejects.toMatchObject({ code: 'engine/argument' });
  });

  it('variables assigned in a trace that failed keep their value', async () => {
    const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
    await failure((value) => {
      variable.assign(tf.sum(value));
      throw new PhalanxError('test/late', { what: 'Too late' });
    });
    expect(variable.dataSync()[0]).toBe(1);
    variable.dispose();
  });

  it('an eager op says what it was', () => {
    const wide = tf.zeros([3, 4]);
    expect(() => runOp('MatMul', [attribute.type('T')], [x, wide])).toThrow(
      /The op MatMul failed.*\[2,2\].*\[3,4\]/,
    );
    expect(() => runOp('NoSuchOp', [], [x])).toThrow(/NoSuchOp/);
    expect(() => runOp('MatMul', [attribute.type('T')], [x])).toThrow(PhalanxError);
    wide.dispose();
  });

  it('an error of tfjs itself leads to the line that asked for the op', () => {
    const at = tf.tensor1d([7], 'int32');
    const gather = () => tf.gather(x, at);
    expect(gather).toThrow(/index value 7/);
    let stack = '';
    try {
      gather();
    } catch (error) {
      stack = (error as Error).stack!;
    }
    expect(stack).toContain('traceErrors.test.ts');
    at.dispose();
  });

  it('a failure while it computes names op, shapes, the line that asked for the op and that of the call', async () => {
    const scale = tf.tidy(() => tf.variable(tf.scalar(1)));
    const offset = tf.tensor1d(Array.from({ length: 5000 }, () => 1));
    const compiled = compile(
      (value: tf.Tensor2D) => {
        scale.assign(tf.mul(scale, tf.mean(offset)));
        const roots = tf.mul(scale, tf.sqrt(tf.sub(value, 2)));
        const checked = checkNumerics(roots);
        return tf.relu(checked);
      },
      { name: 'roots' },
    );
    const error: unknown = await compiled(x).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'engine/run' });
    const { message, stack } = error as PhalanxError;
    expect(message).toContain('The compiled function roots failed on float32[2,2]');
    expect(message).toMatch(/CheckNumerics_\d+ of \S+traceErrors\.test\.ts:\d+/);
    expect(message).toContain('Tensor had NaN values');
    expect(stack).toContain('traceErrors.test.ts');
    // The values and the number of traces are as if nothing had been looked for.
    expect([scale.dataSync()[0], compiled.traces]).toEqual([1, 1]);
    compiled.dispose();
    scale.dispose();
    offset.dispose();
  });

  it('labels and bytes that do not fit are refused', () => {
    const labels = tf.zeros<tf.Rank.R4>([1, 2, 2, 1], 'int32');
    expect(() => unpackLabels(labels, 33)).toThrow(/33 classes/);
    labels.dispose();
    expect(() => uint8Tensor(new Uint8Array(5), [2, 3])).toThrow(/uint8\[2,3\] cannot be made of 5 bytes/);
  });
});
