import { getEventListeners } from 'node:events';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { attributeKind, nativeType } from '../../src/engine/native.ts';
import { attribute, runOp, runOps } from '../../src/engine/op.ts';
import { startedEngine } from '../../src/engine/running.ts';

let tensors: number;
let native: number;
let total: tf.Variable;
let one: tf.Tensor;

beforeAll(async () => {
  await startEngine();
});
beforeEach(() => {
  tensors = tf.memory().numTensors;
  native = nativeTensorCount();
  total = tf.tidy(() => tf.variable(tf.scalar(0)));
  one = tf.scalar(1);
});
afterEach(() => {
  tf.dispose(one);
  total.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
  expect(nativeTensorCount()).toBe(native);
});

const sum = async (): Promise<number> => (await total.data())[0]!;

/** Adds its argument to `total`, after some 50 ms of other work if `products` are asked for. */
function adding(products = 0) {
  return compile(
    (x: tf.Tensor) => {
      let matrix: tf.Tensor2D = tf.fill([512, 512], 1 / 512);
      for (let i = 0; i < products; i++) matrix = tf.matMul(matrix, tf.add(matrix, tf.mul(x, 0)));
      total.assign(tf.add(total, tf.mul(x, tf.mul(tf.mean(matrix), 512))));
    },
    { name: 'add', precision: 'float32' },
  );
}

/** A function that never ends by itself: it puts a second element into a queue of one. */
function waiting() {
  const queue = `full ${Random.from(process.pid, performance.now()).bits()}`;
  const float = { type: attributeKind.type, value: [nativeType.float32] };
  return compile(
    (x: tf.Tensor) => {
      const handle = runOp(
        'FIFOQueueV2',
        [
          { name: 'component_types', ...float },
          { name: 'capacity', type: attributeKind.int, value: 1 },
          attribute.string('shared_name', queue),
        ],
        [],
      );
      for (let i = 0; i < 2; i++) {
        runOps('QueueEnqueueV2', [{ name: 'Tcomponents', ...float }], [handle, x], 0);
      }
      total.assign(tf.add(total, x));
      return tf.neg(x);
    },
    { name: 'wait', precision: 'float32' },
  );
}

const rejection = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a call with a signal', () => {
  it('is what the call is, while nothing is aborted, and leaves the signal alone', async () => {
    const add = adding();
    const { signal } = new AbortController();
    await Promise.all([add.withSignal(signal)(one), add.withSignal(undefined)(one), add(one)]);
    expect(await sum()).toBe(3);
    expect(add.traces).toBe(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(() => startedEngine().native.cancel(0)).toThrow('there is no cancellation 0');
    add.dispose();
  });

  it('that is aborted already is not even traced', async () => {
    const add = adding();
    const reason = new Error('enough');
    const error = await rejection(add.withSignal(AbortSignal.abort(reason))(one));
    expect(error).toBeInstanceOf(PhalanxError);
    expect(error).toMatchObject({ code: 'engine/aborted', cause: reason });
    expect([add.traces, await sum()]).toEqual([0, 0]);
  });

  it('never runs when it is aborted while it waits, and the calls behind it go on from the old values', async () => {
    const slow = adding(40);
    const add = adding();
    await Promise.all([slow(one), add(one)]);
    const controller = new AbortController();
    const reason = new Error('enough');
    const first = slow(one);
    const cancelled = [one, one].map((x) => rejection(add.withSignal(controller.signal)(x)));
    const last = add(one);
    const copy = tf.clone(total);
    controller.abort(reason);
    for (const error of await Promise.all(cancelled)) {
      expect(error).toMatchObject({ code: 'engine/aborted', cause: reason });
    }
    await Promise.all([first, last]);
    expect(await sum()).toBe(4);
    expect(copy.dataSync()[0]).toBe(4);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    copy.dispose();
    slow.dispose();
    add.dispose();
  });

  it('ends while it runs where TensorFlow looks, with the old values', async () => {
    const add = adding();
    const wait = waiting();
    await add(one);
    const controller = new AbortController();
    const running = rejection(wait.withSignal(controller.signal)(one));
    const behind = add(one);
    setTimeout(() => controller.abort(), 100);
    expect(await running).toMatchObject({
      code: 'engine/aborted',
      cause: controller.signal.reason as unknown,
    });
    await behind;
    expect(await sum()).toBe(2);
    wait.dispose();
    add.dispose();
  });

  it('aborted while it runs has either happened or not', async () => {
    const slow = adding(40);
    await slow(one);
    for (const delay of [0, 5, 20, 100]) {
      const before = await sum();
      const controller = new AbortController();
      const call = rejection(slow.withSignal(controller.signal)(one));
      setTimeout(() => controller.abort(), delay);
      const error = await call;
      if (error !== undefined) expect(error).toMatchObject({ code: 'engine/aborted' });
      expect(await sum()).toBe(before + (error === undefined ? 1 : 0));
    }
    slow.dispose();
  });
});
