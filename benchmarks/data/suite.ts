import { transformNames } from '../../src/augment/spec.ts';
import { UsageError } from '../arguments.ts';
import type { BenchOptions } from '../arguments.ts';
import type { Machine } from '../machine.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import type { Results, Row } from '../report.ts';
import { loaderSizes, prepareMaterial } from './material.ts';
import { efforts, measureWork, measuringNotes, withBenchFolder } from './measure.ts';
import { dataWorks } from './works.ts';

const notes = [
  'One unit of work: one image with whatever belongs to it, and for the loader one sample of a batch.',
  ...measuringNotes,
  '“Classes last” is how albumentations and the competition’s baseline hold masks; “classes first” may leave pages that no polygon touches unwritten, so that whoever reads the masks pays for zeroing them.',
  'Loader: flip, rotate, brightness and contrast, CLAHE and sharpen on image and 29 labels, batches of 4, from images decoded beforehand (the cache; two NumPy memory maps). DataLoader has a worker per core, persistent, one thread each; its batches stay bytes, classes last, its faster form.',
  'Memory: the most that was resident while the work ran, libraries included. Of loaders: of all processes, shared pages once, without pages of mapped files.',
];

/** Every row that the machine at hand can measure. */
export async function runDataSuite(
  { quick, only }: BenchOptions,
  machine: Machine,
  peers: PeerEnvironment,
): Promise<Results> {
  const remarks = [...notes];
  const asked = dataWorks.filter(({ name }) => only?.test(name) ?? true);
  if (asked.length === 0) throw new UsageError('--only matches no row of the suite "data".');
  const wanted = asked.filter(({ name, spec }) => {
    const known = spec === undefined || transformNames.some((transform) => transform === spec.name);
    if (!known) remarks.push(`${name} was left out: there is no transform of that name.`);
    return known;
  });
  // It holds more than a gigabyte: a benchmark that is stopped must not leave it.
  return withBenchFolder('data', async (folder) => {
    const loads = wanted.filter(({ wholeMachine }) => wholeMachine === true);
    const sizes = loaderSizes.filter((size) => loads.some(({ name }) => name.includes(`${size}²`)));
    const material = await prepareMaterial(folder, sizes);
    const conditions = { material, threads: machine.cores, seconds: quick ? 0.15 : 0.4 };
    const rows: Row[] = [];
    for (const work of wanted) {
      console.error(work.name);
      rows.push(await measureWork(work, conditions, peers, efforts[quick ? 'quick' : 'full']));
    }
    return { suite: 'data', quick, machine, rows, notes: remarks, facts: {} };
  });
}
