import type { VolumeConfig } from './options.ts';

/** Channels before, between and after the two convolutions of a block. */
export type BlockChannels = readonly [from: number, between: number, to: number];

/** The two blocks of one resolution. */
export interface Level {
  readonly down: BlockChannels;
  /** None at the lowest. */
  readonly up?: BlockChannels;
}

/** Channels of every block, the volume's resolution first. */
export function unet3dPlan(
  { fMaps, numLevels, upsample }: Pick<VolumeConfig, 'fMaps' | 'numLevels' | 'upsample'>,
  inChannels: number,
): readonly Level[] {
  const widths =
    typeof fMaps === 'number' ? Array.from({ length: numLevels }, (_, level) => fMaps * 2 ** level) : fMaps;
  return widths.map((width, level) => {
    const from = widths[level - 1] ?? inChannels;
    const down = [from, Math.max(Math.floor(width / 2), from), width] as const;
    const below = widths[level + 1];
    if (below === undefined) return { down };
    const raised = upsample === 'deconv' ? width : below;
    return { down, up: [width + raised, width, width] };
  });
}

/** Groups of a normalization of so many channels, as the original: too few channels are one group. */
export function groupCount(numGroups: number, channels: number): number {
  return channels < numGroups ? 1 : numGroups;
}

/** What is wrong between the groups and the channels they divide; undefined where nothing is. */
export function groupsDefect(
  config: Pick<VolumeConfig, 'fMaps' | 'numLevels' | 'upsample' | 'layerOrder' | 'numGroups'>,
  inChannels: number,
): string | undefined {
  const { layerOrder, numGroups } = config;
  if (!layerOrder.includes('g')) return undefined;
  const before = layerOrder.startsWith('g');
  const blocks = unet3dPlan(config, inChannels).flatMap(({ down, up }) => (up ? [down, up] : [down]));
  const normalized = blocks.flatMap((block) => (before ? block.slice(0, 2) : block.slice(1)));
  const undivided = normalized.find((channels) => channels % groupCount(numGroups, channels) !== 0);
  return undivided === undefined
    ? undefined
    : `expected a divisor of the channels that are normalized, of which there are ${undivided}, received ${numGroups}`;
}
