import { UsageError } from '../arguments.ts';
import type { BenchOptions } from '../arguments.ts';
import { prepareMaterial } from '../data/material.ts';
import { efforts, measureWork, measuringNotes, withBenchFolder } from '../data/measure.ts';
import type { Machine } from '../machine.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import type { Results, Row } from '../report.ts';
import { prepareInference } from './material.ts';
import { soak } from './soak.ts';
import { publishedVote } from './submissions.ts';
import { inferenceWorks } from './works.ts';

const images = { quick: 32, full: 288 } as const;

const notes = [
  'One unit of work: one image with its 29 classes, and for the vote one row.',
  ...measuringNotes,
  'Ensembles start from files on both sides: Phalanx from its store of logits, the peers from one .npy per model. “As published” upsamples each model; the fastest of the peers’ modes counts, though the published one writes masks by the baseline’s slower encode. The peers’ rank mean ranks the stored logits before upsampling, its cheapest form.',
  'The vote: Phalanx from file to file, all rows. The peers are far slower, so they vote on the first 232 rows in turn, read beforehand and written nowhere.',
  'Scoring: Phalanx a submission of eight images, file and annotations included; the peers one of its images, rows read beforehand.',
  'Memory: the most that was resident while the work ran, libraries included.',
];

/** Every row, or the soak. */
export async function runInferenceSuite(
  { quick, only, soak: wantsSoak }: BenchOptions,
  machine: Machine,
  peers: PeerEnvironment,
): Promise<Results> {
  if (wantsSoak) return soak(quick, machine);
  const wanted = inferenceWorks.filter(({ name }) => only?.test(name) ?? true);
  if (wanted.length === 0) throw new UsageError('--only matches no row of the suite "inference".');
  const effort = quick ? 'quick' : 'full';
  return withBenchFolder('inference', async (folder) => {
    const material = await prepareMaterial(folder, []);
    const storedBytes = await prepareInference(material, images[effort]);
    const conditions = { material, threads: machine.cores, seconds: quick ? 0.15 : 0.4 };
    const rows: Row[] = [];
    for (const work of wanted) {
      console.error(work.name);
      rows.push(await measureWork(work, conditions, peers, efforts[effort]));
    }
    const voted = rows.find(({ work }) => work === publishedVote.name);
    const facts = {
      storedBytesPerImageAndModel: storedBytes,
      ...(voted === undefined
        ? {}
        : {
            voteRows: 29 * images[effort],
            voteRowsPerSecond: { ours: Math.round(1 / voted.ours), peer: Math.round(1 / voted.peer) },
          }),
    };
    return { suite: 'inference', quick, machine, rows, notes, facts };
  });
}
