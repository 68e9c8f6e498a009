import type { Image } from './image.ts';

/** An image with the packed label planes that belong to it (`planes` may be empty), all of one size. */
export interface Raster {
  readonly image: Image;
  readonly planes: readonly Uint32Array[];
  /** Which of the planes says what is unknown (`LabelMap.unknown`), where there is one. */
  readonly unknownPlane?: number | undefined;
}

/** What lies outside the image, named as OpenCV's `BORDER_…`; `reflect101` does not repeat the border pixel. */
export const borderModes = ['constant', 'replicate', 'reflect', 'wrap', 'reflect101'] as const;
export type BorderMode = (typeof borderModes)[number];

export const interpolations = ['nearest', 'linear'] as const;
export type Interpolation = (typeof interpolations)[number];

/** The fill value of each channel, 0 where none is given. */
export function fillBytes(fill: number | readonly number[], channels: number): Uint8Array {
  const bytes = new Uint8ClampedArray(channels);
  for (let c = 0; c < channels; c++) bytes[c] = typeof fill === 'number' ? fill : (fill[c] ?? 0);
  return new Uint8Array(bytes.buffer);
}
