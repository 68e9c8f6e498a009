// Run by exit.test.ts: leaves a long call behind in the way that its argument names.
import * as tf from '@tensorflow/tfjs-core';
import { Worker } from 'node:worker_threads';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { conv2d } from '../../src/engine/ops/conv2d.ts';

await startEngine();
const filter = tf.zeros<tf.Rank.R4>([3, 3, 32, 32]);
const long = compile(
  (x: tf.Tensor4D) => {
    let y = x;
    for (let i = 0; i < 20; i++) y = conv2d(y, filter, { padding: 1 });
    return y;
  },
  { name: 'long' },
);
const calls = Array.from({ length: 3 }, () => long(tf.zeros([1, 256, 256, 32])));

switch (process.argv[2]) {
  case 'exit':
    setTimeout(() => process.exit(7), 20);
    break;
  case 'throw':
    setTimeout(() => {
      throw new Error('unrelated');
    }, 20);
    break;
  case 'wait':
    // Nothing else keeps the process alive.
    void Promise.all(calls).then((results) => console.log(`computed ${results.length}`));
    break;
  case 'worker': {
    // A second environment in the same process: once to the end, once torn down in the middle of a call.
    await Promise.all(calls);
    const code = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(import.meta.url)})))`;
    for (const end of ['wait', 'exit']) {
      const worker = new Worker(code, { eval: true, argv: [end] });
      const exitCode = await new Promise((resolve) => worker.on('exit', resolve));
      console.log(`worker ended with ${String(exitCode)}`);
    }
    break;
  }
}
