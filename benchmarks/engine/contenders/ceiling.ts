/** The machine's own ceiling through Phalanx's engine, and what the models cost in multiplications. */
import * as tf from '@tensorflow/tfjs-core';
import { compile } from '../../../src/engine/compile.ts';
import { startEngine } from '../../../src/engine/engine.ts';
import { describeModel } from '../../../src/models/describeModel.ts';
import { serve } from '../../serve.ts';
import type { CeilingWork } from '../ceiling.ts';
import { modelOptions } from '../works.ts';
import type { BenchModel, BenchPrecision } from '../works.ts';

await startEngine({ threads: Number(process.argv[2]) });

type Measure = CeilingWork & { readonly precision: BenchPrecision; readonly seconds: number };

function inputs(work: CeilingWork): [tf.Tensor, tf.Tensor] {
  const n = work.size;
  if (work.kind === 'matmul') return [tf.randomNormal([n, n]), tf.randomNormal([n, n])];
  const c = work.channels;
  return [tf.randomNormal([2, n, n, c]), tf.randomNormal([3, 3, c, c])];
}

async function least(work: CeilingWork, precision: BenchPrecision, seconds: number): Promise<number> {
  const [a, b] = inputs(work);
  const once = compile(
    (left: tf.Tensor, right: tf.Tensor) =>
      work.kind === 'matmul'
        ? tf.matMul(left, right)
        : tf.conv2d(left as tf.Tensor4D, right as tf.Tensor4D, 1, 'same'),
    { name: work.kind, precision },
  );
  const run = async (): Promise<number> => {
    const start = performance.now();
    const result = await once(a, b);
    const time = (performance.now() - start) / 1000;
    result.dispose();
    return time;
  };
  await run();
  let best = Infinity;
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    best = Math.min(best, await run());
  }
  once.dispose();
  tf.dispose([a, b]);
  return best;
}

await serve({
  measure: async (request) => {
    const { precision, seconds, ...work } = request as unknown as Measure;
    return { seconds: await least(work, precision, seconds) };
  },
  describe: async (request) => {
    const { model, size } = request as unknown as { model: BenchModel['model']; size: number };
    const { multiplyAdds, parameters } = await describeModel(modelOptions({ model }), [size, size]);
    return { multiplyAdds, parameters };
  },
});
