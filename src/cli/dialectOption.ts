import type { Command } from 'commander';
import { PhalanxError } from '../core/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import type { SizeOf } from '../inference/submission/dialects.ts';
import { formatOptions, readFormat } from './formatOption.ts';
import type { FormatFlags } from './formatOption.ts';
import { pixelSize } from './options.ts';

/** Where the sizes of images come from. */
export interface SizeFlags extends FormatFlags {
  readonly data?: string;
  readonly size?: string;
}

const largestSide = 65_535;

/** Dialects with COCO's counts, or with pixels counted along the other axis, need the sizes of the images. */
export function sizeOptions(command: Command): Command {
  return formatOptions(command)
    .option('--data <dir>', 'the dataset that the images are of; tells their sizes')
    .option('--size <width>x<height>', 'size of all images, if there is no dataset');
}

/** Undefined where neither a dataset nor a size is given. */
export async function readSizes(flags: SizeFlags): Promise<SizeOf | undefined> {
  if (flags.size !== undefined) {
    const size = sizeOf(flags.size);
    return () => size;
  }
  if (flags.data === undefined) return undefined;
  const { openFormat } = await import('../data/formats/open.ts');
  return await sizesIn(await openFormat(flags.data, await readFormat(flags)));
}

async function sizesIn(dataset: Dataset): Promise<SizeOf> {
  const { mapConcurrently } = await import('../data/mapConcurrently.ts');
  const entries = [...dataset.entries.test, ...dataset.entries.train];
  const sizes = await mapConcurrently(
    entries,
    async (entry) => [entry.id, await dataset.readSize(entry)] as const,
  );
  const byName = new Map(sizes);
  return (image) => byName.get(image);
}

function sizeOf(text: string): { readonly width: number; readonly height: number } {
  const size = pixelSize(text);
  const inRange = (side: number): boolean => side >= 1 && side <= largestSide;
  if (size !== undefined && inRange(size.width) && inRange(size.height)) return size;
  throw new PhalanxError('cli/option', {
    what: 'The size cannot be read',
    where: '--size',
    expected: 'width and height in pixels, such as 2048x2048',
    received: text.slice(0, 100),
  });
}
