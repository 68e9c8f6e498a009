import type { z } from 'zod';
import { channelDefects } from '../augment/channels.ts';
import type { ResolvedTransform } from '../augment/spec.ts';
import { channelsOf } from '../data/formats/options.ts';
import type { Format } from '../data/formats/options.ts';
import { maxChannels } from '../pixels/image.ts';

/** Whether an image of so many channels is grey or in colours, as PNG files are. */
export function isPicture(channels: number): boolean {
  return channels === 1 || channels === 3;
}

/** What is wrong with the channels that a model sees, by what its images are read as; undefined where nothing is. */
export function channelsDefect(channels: number, format: Format): string | undefined {
  const stacked = channelsOf(format);
  // Then the format or the schema has said so itself.
  if (stacked > maxChannels || channels > maxChannels) return undefined;
  if (stacked > 1) {
    const message = `must be ${stacked}, since data.format stacks that many slices and modalities`;
    return channels === stacked ? undefined : message;
  }
  if (isPicture(channels)) return undefined;
  return 'must be 1 or 3 for grey and colour images; neighbours and modalities of data.format make other numbers';
}

interface Declared {
  readonly data: { readonly channels: number };
  readonly augmentation: readonly ResolvedTransform[];
  readonly offline?: unknown;
}

/** Refuses what images of an experiment's channels cannot go through, each by its path. */
export function refuseChannels(
  { data: { channels }, augmentation, offline }: Declared,
  context: z.core.$RefinementCtx,
): void {
  for (const [index, transform] of augmentation.entries()) {
    for (const { path, message } of channelDefects(transform, channels)) {
      context.addIssue({
        code: 'custom',
        path: ['augmentation', index, ...path],
        message: `${message}, and data.channels is ${channels}`,
      });
    }
  }
  if (offline !== undefined && !isPicture(channels)) {
    const message = `images made offline are files of 1 or 3 channels, and data.channels is ${channels}`;
    context.addIssue({ code: 'custom', path: ['offline'], message });
  }
}
