import { join } from 'node:path';
import { readPhantomManifest } from '../src/data/phantom/manifest.ts';
import { writePhantom } from '../src/data/phantom/writePhantom.ts';

/** What a phantom of the benchmarks is drawn from. */
export interface BenchPhantom {
  readonly people: number;
  readonly test: number;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly seed: number;
}

/** Draws a phantom below `root`, in a folder named after its settings, unless it is there and whole. */
export async function phantomIn(root: string, options: BenchPhantom): Promise<string> {
  const { people, test, size, seed } = options;
  const directory = join(root, `phantom-${people}-${test}-${size}-${seed}`);
  if ((await readPhantomManifest(directory))?.complete === true) return directory;
  console.error(`Drawing a phantom of ${people} + ${test} people at ${size}²`);
  await writePhantom(directory, options);
  return directory;
}
