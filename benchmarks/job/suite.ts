import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';
import { readJsonLines } from '../../src/tracking/jsonLines.ts';
import { UsageError } from '../arguments.ts';
import type { BenchOptions } from '../arguments.ts';
import { MARK } from '../contender.ts';
import type { Machine } from '../machine.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import { compare } from '../report.ts';
import type { Measured, Results, Row } from '../report.ts';
import { jobExperiment, jobSubmission, phalanxProgram, prepareMaterial, warmFiles } from './material.ts';
import type { Material } from './material.ts';
import { runStage } from './stage.ts';

const parts = ['data', 'train', 'validate', 'predict'] as const;
type Part = (typeof parts)[number];

/** One side's job from the files of the dataset to its CSV. */
interface Job {
  readonly name: string;
  /** From the first process' start to the last one's end. */
  readonly seconds: number;
  readonly parts: Readonly<Record<Part, number>>;
  /** Of all processes together. */
  readonly peakBytes: number;
  /** Of the people held out, as the side itself computed it. */
  readonly validationDice: number;
  readonly submission: string;
}

const notes = [
  'A phantom of 16 + 4 people (32 + 8 images) at 2048²; U-Net/ResNet-34 at 512², batches of 2, 5 · BCE + Dice, AdamW, one cycle; flips, rotations by up to 15°, brightness and contrast. Both sides start from the same weights, pretrained at 128² on other phantom people.',
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
  const steps = quick ? 40 : 100;
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

async function oursJob(
  cwd: string,
  { data, weights }: Material,
  steps: number,
  precision: string,
): Promise<Job> {
  await mkdir(cwd);
  const phalanx = (...parameters: string[]) => {
    return runStage(process.execPath, [phalanxProgram, ...parameters], { cwd });
  };
  const set = Object.entries({
    'data.root': data,
    'model.weights': weights,
    'training.length': { steps },
    'training.precision': precision,
  }).flatMap(([path, value]) => ['--set', `${path}=${JSON.stringify(value)}`]);
  const started = performance.now();
  const prepared = await phalanx('data', 'prepare', jobExperiment, ...set);
  const trained = await phalanx('train', jobExperiment, '--id', 'job', ...set);
  const predicted = await phalanx('ensemble', jobSubmission);
  const seconds = (performance.now() - started) / 1000;
  const { dice, validate } = await validationOf(join(cwd, 'runs', 'unet', 'fold0', 'job'));
  return {
    name: 'Phalanx',
    seconds,
    parts: {
      data: prepared.seconds,
      train: trained.seconds - validate,
      validate,
      predict: predicted.seconds,
    },
    peakBytes: Math.max(prepared.peakBytes, trained.peakBytes, predicted.peakBytes),
    validationDice: dice,
    submission: join(cwd, 'submissions', 'phalanx.csv'),
  };
}

/** The last validation, from the run's record: it begins where the last step ended. */
async function validationOf(run: string): Promise<{ dice: number; validate: number }> {
  let stepped = 0;
  let last: { dice: number; validate: number } | undefined;
  for await (const record of readJsonLines(join(run, 'metrics.jsonl'))) {
    if (record.type !== 'metrics') continue;
    const dice = record.values['val/dice'];
    if (dice === undefined) stepped = record.time;
    else last = { dice, validate: (record.time - stepped) / 1000 };
  }
  if (last === undefined) throw new Error(`${run} was never validated`);
  return last;
}

async function peerJob(
  cwd: string,
  { data, weights, validationPeople }: Material,
  steps: number,
  precision: string,
  peers: PeerEnvironment,
): Promise<Job> {
  await mkdir(cwd);
  const script = fileURLToPath(new URL('peer.py', import.meta.url));
  const stage = await runStage(
    peers.python,
    [
      script,
      ...['--data', data, '--weights', weights, '--steps', String(steps), '--out', cwd],
      ...['--validate', ...validationPeople],
      ...(precision === 'bfloat16' ? ['--bfloat16'] : []),
    ],
    { cwd },
  );
  const told = new Map<string, { seconds: number; result: unknown }>();
  for (const line of stage.lines.filter((text) => text.startsWith(MARK))) {
    const { part, ...rest } = JSON.parse(line.slice(MARK.length)) as {
      part: string;
      seconds: number;
      result: unknown;
    };
    told.set(part, rest);
  }
  const [train, validate, predict] = ['train', 'validate', 'predict'].map(
    (part) => told.get(part)?.seconds ?? Number.NaN,
  ) as [number, number, number];
  return {
    name: 'PyTorch, SMP, albumentations',
    seconds: stage.seconds,
    parts: { data: stage.seconds - train - validate - predict, train, validate, predict },
    peakBytes: stage.peakBytes,
    validationDice: Number(told.get('validate')?.result),
    submission: join(cwd, 'pytorch.csv'),
  };
}
