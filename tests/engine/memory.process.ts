// Run by robust.test.ts: lets the kernel refuse memory, in the way that the argument names, and computes afterwards.
import * as tf from '@tensorflow/tfjs-core';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';

const megabyte = 2 ** 20;
/** Floats of a tensor of 128 MB. */
const shape = [32, megabyte] as const;
const room = 1500;

await startEngine({ threads: 2 });
const fill = (): tf.Tensor => tf.fill([...shape], 1);
const grow = compile(
  (x: tf.Tensor) => {
    const all: tf.Tensor[] = [];
    for (let i = 0; i < 40; i++) all.push(tf.exp(all.at(-1) ?? x));
    return all;
  },
  { name: 'grow' },
);
// Threads and code are there before the limit is.
tf.dispose([await grow(tf.ones([1, 1])), tf.exp(tf.ones([1]))]);

const mapped = Number(/VmSize:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
execFileSync('prlimit', ['--pid', String(process.pid), `--as=${mapped + room * megabyte}`]);

const kept: tf.Tensor[] = [];
try {
  switch (process.argv[2]) {
    case 'eager':
      for (let i = 0; i < 40; i++) kept.push(fill());
      break;
    case 'host':
      for (let i = 0; i < 40; i++) {
        const host = tf.tensor2d(new Float32Array(32 * megabyte), [...shape]);
        kept.push(tf.neg(host));
        host.dispose();
      }
      break;
    case 'traced':
      kept.push(...(await grow(fill())));
      break;
  }
  console.log('nothing was refused');
} catch (error) {
  console.log(`refused: ${(error as Error).message}`);
}
tf.dispose(kept);
console.log(`afterwards ${(await tf.add(tf.ones([1]), 1).data())[0]!}`);
