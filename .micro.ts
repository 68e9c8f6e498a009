import { startEngine } from '/work/main/src/engine/engine.ts';
import { runOp, attribute, sizes } from '/work/main/src/engine/op.ts';
import * as tf from '@tensorflow/tfjs-core';
await startEngine();
const at = [attribute.type('T'), attribute.ints('strides',[1,1,1,1]), attribute.ints('dilations',[1,1,1,1]), attribute.string('data_format','NHWC'), attribute.string('padding','SAME')];
for (const [s, ci, co] of [[256,128,32],[128,192,64],[512,16,29],[512,32,16],[32,256,256],[16,512,512]] as const) {
  const x = tf.randomNormal([2,s,s,ci]), dy = tf.randomNormal([2,s,s,co]);
  const gf = 2*2*s*s*ci*co*9/1e9;
  const refs: any[] = [];
  for (const op of ['PhalanxConv2DBackpropFilter','Conv2DBackpropFilter']) {
    let best = 1e9, cpu = 1e9;
    for (let i = 0; i < 4; i++) { const t = performance.now(), c = process.cpuUsage(); const r = runOp(op, at, [x, sizes([3,3,ci,co]), dy]); r.dataSync(); if (i == 0) refs.push(r); const e = process.cpuUsage(c); best = Math.min(best, performance.now()-t); cpu = Math.min(cpu, (e.user+e.system)/1000); }
    console.log(s, ci, co, op, best.toFixed(1),'ms', (gf/best*1000).toFixed(0),'GFLOP/s', 'per cpu-s', (gf/cpu*1000).toFixed(0));
  }
  console.log(refs[0].dataSync().slice(0,3), refs[1].dataSync().slice(0,3));
  const d = tf.sub(refs[0], refs[1]).abs().max().dataSync()[0]!, m = refs[1].abs().max().dataSync()[0]!;
  console.log('  rel diff', d/m);
}
process.exit(0);
