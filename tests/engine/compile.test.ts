import * as tf from '@tensorflow/tfjs-core';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { uint8Tensor, bytesToFloat } from '../../src/engine/bytes.ts';
import { compile } from '../../src/engine/compile.ts';
import type { TraceReport } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { attribute, runOp } from '../../src/engine/op.ts';
import { conv2d } from '../../src/engine/ops/conv2d.ts';
import { normal } from './gradientCheck.ts';

let tensors: number;
let native: number;

beforeAll(async () => {
  await startEngine();
});

// Every test ends with as many tensors as it began with.
beforeEach(() => {
  tensors = tf.memory().numTensors;
  native = nativeTensorCount();
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
  expect(nativeTensorCount()).toBe(native);
});

const values = async (tensor: tf.Tensor) => Array.from(await tensor.data());

describe('compile', () => {
  it('computes what the plain function computes', async () => {
    const x = normal([3, 4], 'x');
    const w = normal([4, 2], 'w');
    const plain = (a: tf.Tensor, b: tf.Tensor) =>
      tf.tidy(() => tf.sigmoid(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)));
    const compiled = compile(plain, { name: 'plain', precision: 'float32' });
    const expected = plain(x, w);
    const result = await compiled(x, w);
    expect(result.shape).toEqual([3, 2]);
    const [a, b] = [await values(result), await values(expected)];
    a.forEach((value, index) => expect(value).toBeCloseTo(b[index]!, 5));
    tf.dispose([x, w, expected, result]);
  });

  it('takes constants that are empty on any axis', async () => {
    const compiled = compile((x: tf.Tensor4D) => tf.concat([x, tf.zeros([2, 3, 4, 0])], 3), {
      name: 'empty',
    });
    const x = tf.ones<tf.Rank.R4>([2, 3, 4, 1]);
    const result = await compiled(x);
    expect(result.shape).toEqual([2, 3, 4, 1]);
    tf.dispose([x, result]);
    compiled.dispose();
  });

  it('traces once per combination of shapes and types', async () => {
    const reports: TraceReport[] = [];
    const onTrace = (report: TraceReport) => reports.push(report);
    const compiled = compile((x: tf.Tensor) => tf.neg(x), { name: 'shapes', onTrace });
    for (const shape of [[2], [2], [3], [2], [1, 2]]) {
      const zeros = tf.zeros(shape);
      tf.dispose([zeros, await compiled(zeros)]);
    }
    expect(compiled.traces).toBe(3);
    const integers = tf.tensor1d([1, 2], 'int32');
    const result = await compiled(integers);
    expect(result.dtype).toBe('int32');
    expect(compiled.traces).toBe(4);
    expect(reports.map(({ name, traces, reason }) => [name, traces, reason])).toEqual([
      ['shapes', 1, undefined],
      ['shapes', 2, 'argument 0 is float32[3], was float32[2]'],
      ['shapes', 3, 'argument 0 is float32[1,2], was float32[3]'],
      ['shapes', 4, 'argument 0 is int32[2], was float32[1,2]'],
    ]);
    tf.dispose([integers, result]);
  });

  it('returns structures of tensors and constants, and arguments and captures as they are', async () => {
    const x = tf.tensor1d([1, 2]);
    const captured = tf.tidy(() => tf.variable(tf.tensor1d([5])));
    const compiled = compile(
      (a: tf.Tensor) => ({
        same: a,
        twice: [a, tf.neg(a)],
        captured: captured,
        steps: 3,
        unit: 'px',
      }),
      { name: 'structure' },
    );
    const result = await compiled(x);
    expect(await values(result.same)).toEqual([1, 2]);
    expect(await values(result.twice[1]!)).toEqual([-1, -2]);
    expect(await values(result.captured)).toEqual([5]);
    expect([result.steps, result.unit]).toEqual([3, 'px']);
    tf.dispose([x, result]);
    captured.dispose();
  });

  it('reads variables at each call and gives back what it assigns, in the order of the calls', async () => {
    const total = tf.tidy(() => tf.variable(tf.scalar(0)));
    const add = compile(
      (x: tf.Tensor) => {
        total.assign(tf.add(total, x));
        return tf.clone(total);
      },
      { name: 'add' },
    );
    const one = tf.scalar(1);
    const results = await Promise.all([add(one), add(one), add(one)]);
    expect(results.map((result) => result.dataSync()[0])).toEqual([1, 2, 3]);
    const changed = tf.scalar(10);
    total.assign(changed);
    const pending = add(one);
    expect(await values(total)).toEqual([11]);
    tf.dispose([await pending, changed, one, ...results]);
    total.dispose();
    expect(add.traces).toBe(1);
  });

  it('leaves copies of a variable alone when it assigns', async () => {
    const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
    const copy = tf.clone(variable);
    const double = compile(() => variable.assign(tf.mul(variable, 2)), { name: 'double' });
    await double();
    expect([copy.dataSync()[0], variable.dataSync()[0]]).toEqual([1, 2]);
    copy.dispose();
    variable.dispose();
  });

  it('keeps the old values of variables when a call fails, for itself and for the calls after it', async () => {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const indices = tf.tensor1d([7], 'int32');
    const good = tf.tensor1d([0], 'int32');
    const gather = compile(
      (at: tf.Tensor1D) => {
        variable.assign(tf.add(variable, 1));
        const rows = tf.cast(tf.oneHot(at, 3), 'float32');
        // Checked at run time only: the values of `at` decide.
        const shares = tf.div(rows, tf.sum(rows));
        return runOp('CheckNumerics', [attribute.type('T'), attribute.string('message', 'index')], [shares]);
      },
      { name: 'gather' },
    );
    const failing = gather(indices);
    const next = gather(good);
    await expect(failing).rejects.toMatchObject({ code: 'engine/run' });
    expect(await values(await next)).toEqual([1, 0, 0]);
    expect(await values(variable)).toEqual([2, 3, 4]);
    tf.dispose([indices, good, await next]);
    variable.dispose();
  });

  it('keeps captured tensors until it is disposed', async () => {
    const captured = tf.tensor1d(Array.from({ length: 5000 }, (_, index) => index));
    const compiled = compile((x: tf.Tensor) => tf.sum(tf.mul(captured, x)), { name: 'captures' });
    const x = tf.scalar(2);
    const first = await compiled(x);
    captured.dispose();
    const second = await compiled(x);
    expect(second.dataSync()[0]).toBe(first.dataSync()[0]);
    expect(nativeTensorCount()).toBe(native + 4);
    compiled.dispose();
    await expect(compiled(x)).rejects.toMatchObject({ code: 'engine/disposed' });
    tf.dispose([x, first, second]);
  });

  it('makes large host constants part of the function or an input of it', async () => {
    const ramp = Float32Array.from({ length: 10_000 }, (_, index) => index);
    const compiled = compile(
      (x: tf.Tensor) => tf.tidy(() => tf.add(tf.add(x, tf.ones([10_000])), tf.tensor1d(ramp))),
      { name: 'constants' },
    );
    const x = tf.zeros([10_000]);
    const result = await compiled(x);
    expect(result.dataSync()[9_999]).toBe(10_000);
    tf.dispose([x, result]);
    compiled.dispose();
  });

  it('leaves data alone that was made outside and first used inside', async () => {
    const outside = tf.tensor1d([1, 2, 3]);
    const compiled = compile((x: tf.Tensor) => tf.add(x, outside), { name: 'outside' });
    const x = tf.scalar(1);
    tf.dispose(await compiled(x));
    expect(await values(outside)).toEqual([1, 2, 3]);
    compiled.dispose();
    tf.dispose([outside, x]);
  });

  it('takes images as bytes', async () => {
    const bytes = uint8Tensor(Uint8Array.of(0, 128, 255), [3]);
    const compiled = compile((x: tf.Tensor) => tf.div(bytesToFloat(x), 255), { name: 'bytes' });
    const result = await compiled(bytes);
    expect(result.dataSync()[2]).toBe(1);
    tf.dispose([bytes, result]);
  });

  it('rounds to bfloat16 only where asked to', async () => {
    const [x, w] = [normal([1, 16, 16, 8], 'x') as tf.Tensor4D, normal([3, 3, 8, 8], 'w') as tf.Tensor4D];
    const plain = (a: tf.Tensor4D, b: tf.Tensor4D) => conv2d(a, b, { padding: 1 });
    const exact = plain(x, w);
    const errors = [];
    for (const precision of ['float32', 'bfloat16'] as const) {
      const result = await compile(plain, { name: precision, precision })(x, w);
      expect(result.dtype).toBe('float32');
      errors.push(tf.tidy(() => tf.max(tf.abs(tf.sub(result, exact))).dataSync()[0]!));
      result.dispose();
    }
    expect(errors[0]).toBeLessThan(1e-4);
    expect(errors[1]).toBeGreaterThan(1e-3);
    expect(errors[1]).toBeLessThan(0.5);
    tf.dispose([x, w, exact]);
  });

  it('does not block the event loop while it computes', async () => {
    const x = normal([1, 256, 256, 32], 'x') as tf.Tensor4D;
    const filter = normal([3, 3, 32, 32], 'w') as tf.Tensor4D;
    const heavy = compile(
      (a: tf.Tensor4D, w: tf.Tensor4D) => {
        let y = a;
        for (let i = 0; i < 12; i++) y = tf.relu(conv2d(y, w, { padding: 1 }));
        return tf.mean(y);
      },
      { name: 'heavy' },
    );
    (await heavy(x, filter)).dispose();
    const delay = monitorEventLoopDelay({ resolution: 5 });
    const started = performance.now();
    const calls = [heavy(x, filter), heavy(x, filter)];
    delay.enable();
    const results = await Promise.all(calls);
    delay.disable();
    const took = performance.now() - started;
    // The longest pause stays far below the work's own time, however loaded the machine is.
    expect(delay.max / 1e6).toBeLessThan(took / 2);
    tf.dispose([x, filter, results]);
  });
});
