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

/** Fill values of up to four channels. */
export function fillBytes(fill: number | readonly number[]): Uint8Array {
  const bytes = new Uint8ClampedArray(4);
  for (let c = 0; c < 4; c++) bytes[c] = typeof fill === 'number' ? fill : (fill[c] ?? 0);
  return new Uint8Array(bytes.buffer);
}
