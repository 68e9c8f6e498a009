import { PhalanxError } from '../core/errors.ts';
import { registry } from './registry.ts';
import type { ResolvedLeaf } from './registry.ts';
import type { TransformDefinition } from './definition.ts';
import type { ResolvedTransform } from './spec.ts';

/** What a transform says against a number of channels, and where in what was declared. */
export interface ChannelDefect {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Every transform in a declared one that images of so many channels cannot go through. */
export function channelDefects(transform: ResolvedTransform, channels: number): ChannelDefect[] {
  if ('transforms' in transform) {
    return transform.transforms.flatMap((inner, index) =>
      channelDefects(inner, channels).map(({ path, message }) => ({
        path: ['transforms', index, ...path],
        message,
      })),
    );
  }
  const message = defectOf(transform, channels);
  return message === undefined ? [] : [{ path: [], message }];
}

/** @throws PhalanxError `augment/channels` when the transform does not take so many channels. */
export function requireChannels(transform: ResolvedLeaf, channels: number): void {
  const message = defectOf(transform, channels);
  if (message === undefined) return;
  throw new PhalanxError('augment/channels', {
    what: 'A transform does not take the number of channels that the image has',
    where: transform.name,
    expected: message,
    received: `${channels} channels`,
  });
}

function defectOf(transform: ResolvedLeaf, channels: number): string | undefined {
  const { channelDefect } = registry[transform.name] as unknown as TransformDefinition;
  const defect = channelDefect?.(transform, channels);
  if (defect !== undefined) return `${transform.name} ${defect}`;
  const fill: unknown = 'fill' in transform ? transform.fill : undefined;
  if (!Array.isArray(fill) || fill.length >= channels) return undefined;
  return `${transform.name}'s fill takes one number, or one for each of ${channels} channels`;
}
