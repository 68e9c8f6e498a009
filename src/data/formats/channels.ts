import type { Layout } from './layoutOptions.ts';

type Stacking = Pick<Layout, 'modalities' | 'neighbours'>;

/** How many slices before and after an image are channels of it. */
export function neighbourhood({ neighbours }: Pick<Layout, 'neighbours'>): {
  readonly before: number;
  readonly after: number;
} {
  return typeof neighbours === 'number' ? { before: neighbours, after: neighbours } : neighbours;
}

/** Channels that a layout stacks; 1 where images are read as their files are, grey or in colours. */
export function stackedChannels(layout: Stacking): number {
  const { before, after } = neighbourhood(layout);
  return (before + 1 + after) * (1 + layout.modalities.length);
}

/** Indices of a slice's neighbours and itself, in order; the edge's slice stands in for one that is missing. */
export function stackOf(index: number, count: number, layout: Pick<Layout, 'neighbours' | 'step'>): number[] {
  const { before, after } = neighbourhood(layout);
  return Array.from({ length: before + 1 + after }, (_, i) =>
    Math.min(Math.max(index + (i - before) * layout.step, 0), count - 1),
  );
}
