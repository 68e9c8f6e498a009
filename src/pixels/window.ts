import type { BorderMode, Raster } from './geometry.ts';
import { fillBytes } from './geometry.ts';
import { uninitialized, uninitializedPlanes } from './memory.ts';

/** A rectangle in pixels; it may reach beyond the image. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Index inside `[0, length)` that stands for a coordinate outside, or -1 for a constant border (OpenCV's
 * `borderInterpolate`).
 */
export function borderIndex(position: number, length: number, border: BorderMode): number {
  if (position >= 0 && position < length) return position;
  switch (border) {
    case 'constant':
      return -1;
    case 'replicate':
      return position < 0 ? 0 : length - 1;
    case 'wrap':
      return ((position % length) + length) % length;
    case 'reflect':
    case 'reflect101': {
      if (length === 1) return 0;
      const delta = border === 'reflect101' ? 1 : 0;
      const period = 2 * (length - delta);
      const inPeriod = ((position % period) + period) % period;
      return inPeriod < length ? inPeriod : period - 1 + delta - inPeriod;
    }
  }
}

/**
 * Copies a window of image and labels; what lies outside comes from the border mode, where that is constant `fill` and
 * the planes' `labelFill`.
 */
export function copyWindow(
  { image, planes }: Raster,
  window: Window,
  border: BorderMode = 'constant',
  fill: number | readonly number[] = 0,
  labelFill: readonly number[] = [],
): Raster {
  const { width, height, channels } = image;
  const outside = fillBytes(fill, channels);
  const data = uninitialized(window.width * window.height * channels);
  const outPlanes = uninitializedPlanes(planes.length, window.width * window.height);
  const first = Math.min(Math.max(0, -window.x), window.width);
  const last = Math.max(first, Math.min(window.width, width - window.x));
  const columns = Array.from({ length: window.width }, (_, i) => borderIndex(window.x + i, width, border));

  for (let j = 0; j < window.height; j++) {
    const y = borderIndex(window.y + j, height, border);
    const row = j * window.width;
    const copyPixel = (i: number): void => {
      const x = y < 0 ? -1 : columns[i]!;
      for (let c = 0; c < channels; c++) {
        data[(row + i) * channels + c] = x < 0 ? outside[c]! : image.data[(y * width + x) * channels + c]!;
      }
      for (const [p, plane] of planes.entries()) {
        outPlanes[p]![row + i] = x < 0 ? (labelFill[p] ?? 0) : plane[y * width + x]!;
      }
    };
    if (y < 0) {
      for (let i = 0; i < window.width; i++) copyPixel(i);
      continue;
    }
    for (let i = 0; i < first; i++) copyPixel(i);
    const from = y * width + window.x + first;
    const to = y * width + window.x + last;
    if (last > first) {
      data.set(image.data.subarray(from * channels, to * channels), (row + first) * channels);
      for (const [p, plane] of planes.entries()) outPlanes[p]!.set(plane.subarray(from, to), row + first);
    }
    for (let i = last; i < window.width; i++) copyPixel(i);
  }
  return { image: { width: window.width, height: window.height, channels, data }, planes: outPlanes };
}
