/**
 * One transform on a 512² RGB image and 29 masks, against albumentations on the image and a 512×512×29 mask.
 *
 * Run: UV_THREADPOOL_SIZE=1 node --import tsx benchmarks/augment/run.ts PYTHON [--rounds N]
 *
 * Both sides take turns. What counts is processor time of the whole process (all threads, garbage collection
 * included) per call, the least of all rounds: on a shared machine wall time measures the neighbours.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildTransform } from '../../src/augment/build.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';
import { release } from '../../src/pixels/memory.ts';

const size = 512;
const classes = 29;
const seconds = 0.15;

/** The transform here, and there where parameters are spelt otherwise. */
const works: readonly (readonly [TransformSpec, Readonly<Record<string, unknown>>])[] = [
  [{ name: 'HorizontalFlip', p: 1 }, {}],
  [{ name: 'VerticalFlip', p: 1 }, {}],
  [{ name: 'Rotate', limit: [17, 17], p: 1 }, { limit: [17, 17] }],
  [
    { name: 'Affine', rotate: 17, scale: [1.1, 1.1], p: 1 },
    { rotate: [17, 17], scale: [1.1, 1.1] },
  ],
  [{ name: 'ShiftScaleRotate', p: 1 }, {}],
  [
    { name: 'RandomCrop', width: 384, height: 384, p: 1 },
    { width: 384, height: 384 },
  ],
  [
    { name: 'Resize', width: 384, height: 384, p: 1 },
    { width: 384, height: 384 },
  ],
  [{ name: 'RandomResizedCrop', size: [512, 512], p: 1 }, { size: [512, 512] }],
  [{ name: 'RandomBrightnessContrast', p: 1 }, {}],
  [{ name: 'RandomGamma', p: 1 }, {}],
  [{ name: 'CLAHE', clipLimit: [4, 4], p: 1 }, { clip_limit: [4, 4] }],
  [{ name: 'Emboss', p: 1 }, {}],
  [{ name: 'Sharpen', p: 1 }, {}],
  [{ name: 'GaussianBlur', sigmaLimit: [1.5, 1.5], p: 1 }, { sigma_limit: [1.5, 1.5] }],
  [{ name: 'GaussNoise', p: 1 }, {}],
  [{ name: 'CoarseDropout', p: 1 }, {}],
];

/** A smooth grey image repeated over three channels, and a disc per class. */
function testSample(): Sample {
  const random = Random.from('benchmark');
  const data = new Uint8Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    const x = i % size;
    const value = 120 + 80 * Math.sin(x / 37) * Math.cos((i - x) / size / 53) + random.integer(-8, 9);
    data.fill(value, 3 * i, 3 * i + 3);
  }
  const plane = new Uint32Array(size * size);
  for (let c = 0; c < classes; c++) {
    const [cx, cy, r] = [random.integer(0, size), random.integer(0, size), random.integer(10, 60)];
    for (let i = 0; i < plane.length; i++) {
      const x = i % size;
      if ((x - cx) ** 2 + ((i - x) / size - cy) ** 2 <= r * r) plane[i]! |= 1 << c;
    }
  }
  return {
    image: { width: size, height: size, channels: 3, data },
    labels: { width: size, height: size, classes, planes: [plane] },
  };
}

async function ours(spec: TransformSpec, sample: Sample): Promise<number> {
  const transform = buildTransform(spec);
  const random = Random.from('benchmark', spec.name);
  const start = performance.now();
  const cpu = process.cpuUsage();
  let calls = 0;
  while (calls < 2 || performance.now() - start < 1000 * seconds) {
    const { image, labels } = await transform(sample, random);
    // As the loader does once a sample is copied into its batch.
    release([image.data, ...labels.planes], [sample.image.data, ...sample.labels.planes]);
    calls++;
  }
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1e6 / calls;
}

const [python, option, value] = process.argv.slice(2);
if (python === undefined || process.env['UV_THREADPOOL_SIZE'] !== '1') {
  throw new Error(
    'usage: UV_THREADPOOL_SIZE=1 node --import tsx benchmarks/augment/run.ts PYTHON [--rounds N]',
  );
}
const rounds = option === '--rounds' ? Number(value) : 5;
const sample = testSample();
const folder = await mkdtemp(join(tmpdir(), 'phalanx-bench-'));
const input = join(folder, 'input.bin');
const planeBytes = new Uint8Array(sample.labels.planes[0]!.buffer);
await writeFile(input, Buffer.concat([sample.image.data, planeBytes]));
const script = fileURLToPath(new URL('peer.py', import.meta.url));
const peer = spawn(python, [script, String(size), String(classes), input], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();

const best = works.map(() => ({ ours: Infinity, peer: Infinity }));
for (let round = 0; round < rounds; round++) {
  for (const [i, [spec, options]] of works.entries()) {
    const row = best[i]!;
    row.ours = Math.min(row.ours, await ours(spec, sample));
    peer.stdin.write(`${JSON.stringify({ name: spec.name, options, seconds })}\n`);
    const answer = await answers.next();
    if (answer.done) throw new Error('the peer stopped');
    row.peer = Math.min(row.peer, Number(answer.value));
  }
}
peer.stdin.end();
await once(peer, 'exit');
await rm(folder, { recursive: true });
console.log('| transform | ours /s | albumentations /s | times faster |\n| --- | --- | --- | --- |');
for (const [i, [spec]] of works.entries()) {
  const row = best[i]!;
  const rate = (time: number): string => (1 / time).toFixed(0);
  console.log(
    `| ${spec.name} | ${rate(row.ours)} | ${rate(row.peer)} | ${(row.peer / row.ours).toFixed(1)} |`,
  );
}
