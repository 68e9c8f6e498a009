import * as tf from '@tensorflow/tfjs-core';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { conv2d } from '../../src/engine/ops/conv2d.ts';
import { startedEngine } from '../../src/engine/running.ts';
try {
  console.log(JSON.stringify(await startEngine({ device: process.argv[2] as 'cpu', memoryFraction: 0.5 })));
  const { native } = startedEngine();
  native.recordPlacement(true);
  const y = await compile(
    (x: tf.Tensor4D) => tf.sum(conv2d(x, tf.ones<tf.Rank.R4>([3, 3, 2, 2]), { padding: 1 })),
    { name: 'c' },
  )(tf.ones<tf.Rank.R4>([1, 8, 8, 2]));
  console.log(y.dataSync()[0], JSON.stringify(native.placement()).slice(0, 700));
} catch (e) {
  console.log((e as Error).message);
}
console.log(
  /libcu\w+\.so[.\d]*|libnccl[.\w]*/g.exec('') ?? '',
  [
    ...new Set(
      (await import('node:fs'))
        .readFileSync('/proc/self/maps', 'utf8')
        .match(/lib(cu|nccl|nv)[\w.]*so[.\d]*/g) ?? [],
    ),
  ].join(' '),
);
