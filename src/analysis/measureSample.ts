import type { SampleEntry } from '../data/dataset.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { classAreas } from '../labels/overlap.ts';
import { tilt } from '../labels/tilt.ts';
import type { Image } from '../pixels/image.ts';

/** A few numbers that describe one image and its labels. */
export interface SampleMeasures {
  readonly id: string;
  readonly person: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Mean grey value, 0 to 255. */
  readonly brightness: number;
  /** Pixels of each class, `[classes]`; undefined without an annotation. */
  readonly areas?: Float64Array;
  /** Direction of the labels' longest extent, degrees from the vertical, −90 to 90, clockwise positive. */
  readonly tilt?: number;
}

export async function measureSample(
  { id, person }: SampleEntry,
  image: Image,
  labels: LabelMap | undefined,
): Promise<SampleMeasures> {
  const { width, height } = image;
  const base = { id, person, width, height, brightness: brightness(image) };
  if (labels === undefined) return base;
  return { ...base, areas: await classAreas(labels), tilt: tilt(labels) ?? 0 };
}

function brightness({ data }: Image): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]!;
  return sum / Math.max(1, data.length);
}
