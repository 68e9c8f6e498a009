import type { Logits } from '../../labels/upsample.ts';
import { release } from '../../pixels/memory.ts';
import type { LogitFile } from '../store/logitFile.ts';
import type { LogitStore } from '../store/logitStore.ts';
import { addResized, mixLogits } from '../store/packedPlane.ts';
import type { PackedLogits } from '../store/packedPlane.ts';

/** One model's predictions, and how much they count. */
export interface EnsembleMember {
  readonly name: string;
  readonly store: LogitStore;
  /** One for all classes, or one per class; above or equal to 0, 1 by default. Only their ratios count. */
  readonly weight?: number | readonly number[];
}

/** The share of each member in the mean, by class: `[members][classes]`, each class summing to 1. */
export function sharesOf(members: readonly EnsembleMember[], classes: number): number[][] {
  const weights = members.map(({ weight = 1 }) =>
    Array.from({ length: classes }, (_, c) => (typeof weight === 'number' ? weight : weight[c]!)),
  );
  const totals = Array.from({ length: classes }, (_, c) =>
    weights.reduce((sum, ofMember) => sum + ofMember[c]!, 0),
  );
  return weights.map((ofMember) => ofMember.map((weight, c) => weight / totals[c]!));
}

/**
 * The weighted mean of several models' logits of one image, at the largest of their resolutions; smaller ones are
 * resized bilinearly (`align_corners=False`). Bilinear resizing and a mean commute, so for members of one resolution
 * this is the mean of what each would be at the image's size. Whoever is done with them may `release` their data.
 *
 * @param shares `[members][classes]`.
 * @throws PhalanxError `logits/damaged`.
 */
export async function combineLogits(
  files: readonly LogitFile[],
  shares: readonly (readonly number[])[],
): Promise<Logits> {
  const groups = new Map<string, { height: number; width: number; members: PackedLogits[] }>();
  const packed = await Promise.all(
    files.map(({ info: { classes } }, m) => Promise.all(classes.map((_, c) => files[m]!.packedPlane(c)))),
  );
  for (const [m, { info }] of files.entries()) {
    const { height, width } = info;
    const key = `${height}x${width}`;
    const group = groups.get(key) ?? { height, width, members: [] };
    group.members.push({ planes: packed[m]!, weights: shares[m]! });
    groups.set(key, group);
  }
  const [largest, ...others] = [...groups.values()].sort((a, b) => b.height * b.width - a.height * a.width);
  const mixed = await mix(largest!);
  for (const group of others) {
    const smaller = await mix(group);
    await addResized(mixed, smaller);
    release([smaller.data]);
  }
  return mixed;
}

async function mix(group: {
  readonly height: number;
  readonly width: number;
  readonly members: readonly PackedLogits[];
}): Promise<Logits> {
  const { height, width, members } = group;
  return { height, width, classes: members[0]!.planes.length, data: await mixLogits(members, height, width) };
}
