import { gainOf } from './gain.ts';
import type { Gain } from './gain.ts';
import type { SampleEntry } from '../../data/dataset.ts';
import type { Dealt } from './people.ts';

/** A choice with what it is worth: chosen on all search images, and chosen on the others of each part. */
export interface Validated<Choice> {
  readonly choice: Choice;
  readonly gain: Gain;
  /** Mean over the images it was chosen on. */
  readonly searchGain: number;
  /** Mean over the images held out; undefined where there are none. */
  readonly heldOutGain: number | undefined;
}

/**
 * Chooses on all parts but one and measures on that one, for every part; then chooses on all.
 *
 * @param choose from what the given images say.
 * @param differences in Dice that a choice makes on the given images, in their order.
 */
export async function crossValidate<Choice>(
  choose: (images: readonly number[]) => Promise<Choice> | Choice,
  differences: (choice: Choice, images: readonly number[]) => Promise<readonly number[]> | readonly number[],
  { parts, search, heldOut }: Dealt,
  entries: readonly SampleEntry[],
): Promise<Validated<Choice>> {
  const unseen: number[] = [];
  const order: number[] = [];
  for (const part of parts) {
    const own = new Set(part);
    const choice = await choose(search.filter((image) => !own.has(image)));
    unseen.push(...(await differences(choice, part)));
    order.push(...part);
  }
  const choice = await choose(search);
  const onSearch = await differences(choice, search);
  const onHeldOut = heldOut.length === 0 ? undefined : await differences(choice, heldOut);
  return {
    choice,
    gain: gainOf(unseen, order, entries),
    searchGain: gainOf(onSearch, search, entries).mean,
    heldOutGain: onHeldOut === undefined ? undefined : gainOf(onHeldOut, heldOut, entries).mean,
  };
}
