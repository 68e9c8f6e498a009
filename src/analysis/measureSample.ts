import type { SampleEntry } from '../data/dataset.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { classAreas } from '../labels/overlap.ts';
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
  return { ...base, areas: await classAreas(labels), tilt: tilt(labels) };
}

function brightness({ data }: Image): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]!;
  return sum / Math.max(1, data.length);
}

/** From the second moments of all labelled pixels; every fourth row and column is enough. */
function tilt({ width, height, planes }: LabelMap): number {
  const step = Math.max(1, Math.floor(Math.min(width, height) / 256));
  let [count, sx, sy, sxx, sxy, syy] = [0, 0, 0, 0, 0, 0];
  for (let y = 0; y < height; y += step)
    for (let x = 0; x < width; x += step) {
      const i = y * width + x;
      if (!planes.some((plane) => plane[i] !== 0)) continue;
      count++;
      sx += x;
      sy += y;
      sxx += x * x;
      sxy += x * y;
      syy += y * y;
    }
  if (count === 0) return 0;
  const [cxx, cxy, cyy] = [sxx - (sx * sx) / count, sxy - (sx * sy) / count, syy - (sy * sy) / count];
  // Angle of the major axis from the image's downward y axis, turned so that clockwise is positive.
  return (-0.5 * Math.atan2(2 * cxy, cyy - cxx) * 180) / Math.PI;
}
