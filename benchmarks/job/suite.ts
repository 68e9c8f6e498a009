import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';
import { UsageError } from '../arguments.ts';
import type { BenchOptions } from '../arguments.ts';
import type { Machine } from '../machine.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import { compare } from '../report.ts';
import type { Measured, Results, Row } from '../report.ts';
import { prepareMaterial, warmFiles } from './material.ts';
import { oursJob, parts, peerJob } from './sides.ts';
import type { Job } from './sides.ts';

const notes = [
  'A phantom of 16 + 4 people (32 + 8 images) at 2048²; U-Net/ResNet-34 at 512², batches of 2, 5 · BCE + Dice, AdamW, one cycle; flips, rotations by up to 15°, brightness and contrast. Both sides start from the same weights, pretrained at 128², 256² and 512² on other phantom people.',
  'Phalanx: `phalanx data prepare`, `train` and `ensemble`, each a process of its own, with every start, trace and checkpoint in it. The peer: one script (benchmarks/job/peer.py) with two DataLoader workers.',
  '`data`: ours is the decoding of every image, once; the peer’s is imports, listing and building the model, for it decodes again whenever it needs an image. Only the total compares the two.',
  'Memory: the largest sum of proportional set sizes over all processes of a side, looked at four times a second.',
  '`testDice` is what `submission score` says of each side’s CSV.',
];

export async function runJobSuite(
  { quick, only, bfloat16 }: BenchOptions,
  machine: Machine,
  peers: PeerEnvironment,
): Promise<Results> {
  if (only !== undefined)
    throw new UsageError('The suite "job" is one piece of work: --only has no meaning.');
  const material = await prepareMaterial();
  const precision = machine.bfloat16 || bfloat16 ? 'bfloat16' : 'float32';
  const steps = quick ? 24 : 60;
  const work = await mkdtemp(join(tmpdir(), 'phalanx-bench-job-'));
  try {
    await warmFiles(material.data);
    console.error(`Phalanx: ${steps} steps, ${precision}`);
    const ours = await oursJob(join(work, 'phalanx'), material, steps, precision);
    console.error(`  ${ours.seconds.toFixed(1)} s, Dice ${ours.validationDice.toFixed(4)}`);
    console.error(`PyTorch: ${steps} steps, ${precision}`);
    const peer = await peerJob(join(work, 'pytorch'), material, steps, precision, peers);
    console.error(`  ${peer.seconds.toFixed(1)} s, Dice ${peer.validationDice.toFixed(4)}`);
    const dataset = await readHandBone(material.data);
    const testDice = async ({ submission }: Job): Promise<number> =>
      (await scoreSubmission(submission, dataset, 'test')).meanDice;
    const dice = {
      validation: { ours: ours.validationDice, peer: peer.validationDice },
      test: { ours: await testDice(ours), peer: await testDice(peer) },
    };
    const apart = Math.max(
      ...Object.values(dice).map(({ ours: mine, peer: theirs }) => Math.abs(mine - theirs)),
    );
    const verdict = `Dice differs by ${apart.toFixed(4)} at most${apart > 0.01 ? ': MORE THAN 0.01, so the two did not do the same work' : ''}.`;
    const rows = [row('total', precision, ours, peer, (job) => job.seconds)];
    for (const part of parts) rows.push(row(part, precision, ours, peer, (job) => job.parts[part]));
    return { suite: 'job', quick, machine, rows, notes: [...notes, verdict], facts: { steps, dice } };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function row(work: string, precision: string, ours: Job, peer: Job, secondsOf: (job: Job) => number): Row {
  const measured = (job: Job): Measured => {
    const seconds = secondsOf(job);
    const { name, peakBytes } = job;
    return { name, min: seconds, median: seconds, samples: [seconds], peakBytes };
  };
  return compare(work, precision, measured(ours), [measured(peer)], {});
}
