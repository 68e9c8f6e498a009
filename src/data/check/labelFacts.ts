import { webcrypto } from 'node:crypto';
import { combineLabels } from '../../labels/classSets.ts';
import { fillHoles, findComponents } from '../../labels/components.ts';
import type { Component } from '../../labels/components.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { overlapTable } from '../../labels/overlap.ts';
import { release } from '../../pixels/memory.ts';

/** Pixels that two classes share. */
export interface SharedPixels {
  /** Indices of the classes, the lower first. */
  readonly classes: readonly [number, number];
  readonly pixels: number;
}

/** What a check remembers of an image's labels: a few kilobytes for 29 classes. */
export interface LabelFacts {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Of size and labels; undefined where nothing is labelled. */
  readonly content?: string;
  /** Pixels of each class, `[classes]`. */
  readonly areas: Float64Array;
  /** Centre of mass of each class, pixels, `[classes]`; NaN where the class is missing. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** 8-connected pieces of each class, the largest first, `[classes]`. */
  readonly pieces: readonly (readonly Component[])[];
  /** Empty regions that each class encloses, the largest first, `[classes]`. */
  readonly holes: readonly (readonly Component[])[];
  /** Pairs of classes that share pixels. */
  readonly overlaps: readonly SharedPixels[];
}

/** Most pieces, and most holes, that are remembered of a class. */
const remembered = 16;

export async function labelFacts(labels: LabelMap): Promise<LabelFacts> {
  const { width, height, classes } = labels;
  const [components, enclosed, { counts }, content] = await Promise.all([
    findComponents(labels),
    findHoles(labels),
    overlapTable(labels),
    contentOf(labels),
  ]);
  const areas = Float64Array.from(components, (own) => total(own, ({ area }) => area));
  const mean = (axis: 0 | 1): Float64Array =>
    Float64Array.from(components, (own, c) => total(own, (one) => one.area * one.centroid[axis]) / areas[c]!);
  const overlaps: SharedPixels[] = [];
  for (let i = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++) {
      const pixels = counts[i * classes + j]!;
      if (pixels > 0) overlaps.push({ classes: [i, j], pixels });
    }
  }
  return {
    width,
    height,
    ...(areas.some((area) => area > 0) ? { content } : {}),
    areas,
    x: mean(0),
    y: mean(1),
    pieces: components.map(largest),
    holes: enclosed.map(largest),
    overlaps,
  };
}

async function findHoles(labels: LabelMap): Promise<Component[][]> {
  const filled = await fillHoles(labels);
  const holes = await combineLabels(filled, labels, 'difference');
  const components = await findComponents(holes, 4);
  release([...filled.planes, ...holes.planes]);
  return components;
}

async function contentOf({ width, height, planes }: LabelMap): Promise<string> {
  const digests = await Promise.all(
    planes.map((plane) => webcrypto.subtle.digest('SHA-256', plane as Uint32Array<ArrayBuffer>)),
  );
  return [`${width}x${height}`, ...digests.map((digest) => Buffer.from(digest).toString('hex'))].join(' ');
}

function largest(components: Component[]): Component[] {
  return components.sort((a, b) => b.area - a.area).slice(0, remembered);
}

function total(components: readonly Component[], of: (component: Component) => number): number {
  return components.reduce((sum, component) => sum + of(component), 0);
}
