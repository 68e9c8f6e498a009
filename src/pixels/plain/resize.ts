import { createImage } from '../image.ts';
import type { Image, ImageSize } from '../image.ts';
import type { ResizeMethod } from '../resize.ts';
import { roundHalfEven } from '../rounding.ts';

const { abs, ceil, floor, fround, max, min } = Math;

/** One axis: how much each source position adds to one target position. */
type Shares = readonly { readonly source: number; readonly weight: number }[];

/** The twin of `resizeImage`; `native/pixels/resize.cc` names the source. */
export function resizeImagePlain(image: Image, { width, height }: ImageSize, method: ResizeMethod): Image {
  const [scaleX, scaleY] = [1 / (width / image.width), 1 / (height / image.height)];
  if (width === image.width && height === image.height) return { ...image, data: image.data.slice() };
  if (method === 'nearest') {
    const columns = nearest(image.width, width);
    const rows = nearest(image.height, height);
    return fill(image, width, height, (channel, x, y) => channel(columns[x]!, rows[y]!));
  }
  const whole = [scaleX, scaleY].every((scale) => abs(scale - Math.round(scale)) < Number.EPSILON);
  const [stepX, stepY] = [Math.round(scaleX), Math.round(scaleY)];
  const halved = whole && stepX === 2 && stepY === 2;
  if ((method === 'linear' && !halved) || scaleX < 1 || scaleY < 1) {
    return linear(image, width, height, method === 'area');
  }
  if (whole) {
    const share = fround(1 / (stepX * stepY));
    return fill(image, width, height, (channel, x, y) => {
      let sum = 0;
      for (let i = 0; i < stepX * stepY; i++) {
        sum += channel(x * stepX + (i % stepX), y * stepY + floor(i / stepX));
      }
      return halved ? (sum + 2) >> 2 : saturate(fround(sum * share));
    });
  }
  const columns = Array.from({ length: width }, (_, x) => areaShares(x, scaleX, image.width));
  const rows = Array.from({ length: height }, (_, y) => areaShares(y, scaleY, image.height));
  return fill(image, width, height, (channel, x, y) => {
    let sum = 0;
    for (const row of rows[y]!) {
      let across = 0;
      for (const { source, weight } of columns[x]!) {
        across = fround(across + fround(channel(source, row.source) * weight));
      }
      sum = fround(sum + fround(row.weight * across));
    }
    return saturate(sum);
  });
}

/** The twin of `resizePlanes`. */
export function resizePlanesPlain(
  planes: readonly Uint32Array[],
  from: ImageSize,
  { width, height }: ImageSize,
): Uint32Array[] {
  const columns = nearest(from.width, width);
  const rows = nearest(from.height, height);
  return planes.map((plane) =>
    Uint32Array.from(
      { length: width * height },
      (_, i) => plane[rows[floor(i / width)]! * from.width + columns[i % width]!]!,
    ),
  );
}

/** What each target position reads along one axis. */
function nearest(sourceLength: number, length: number): number[] {
  const scale = 1 / (length / sourceLength);
  return Array.from({ length }, (_, i) => min(floor(i * scale), sourceLength - 1));
}

function linear(image: Image, width: number, height: number, asArea: boolean): Image {
  const columns = Array.from({ length: width }, (_, x) => linearTap(x, width, image.width, asArea));
  const rows = Array.from({ length: height }, (_, y) => linearTap(y, height, image.height, asArea));
  const clip = (index: number, length: number) => max(0, min(index, length - 1));
  return fill(image, width, height, (channel, x, y) => {
    const column = columns[x]!;
    const row = rows[y]!;
    // The outermost column gets the whole weight; the outermost row is taken twice.
    const fraction = column.index < 0 || column.index >= image.width - 1 ? 0 : column.fraction;
    const [left, right] = [clip(column.index, image.width), clip(column.index + 1, image.width)];
    const across = (index: number) => {
      const sourceY = clip(index, image.height);
      return channel(left, sourceY) * fixed(fround(1 - fraction)) + channel(right, sourceY) * fixed(fraction);
    };
    const upper = ((across(row.index) >> 4) * fixed(fround(1 - row.fraction))) >> 16;
    const lower = ((across(row.index + 1) >> 4) * fixed(row.fraction)) >> 16;
    return (upper + lower + 2) >> 2;
  });
}

function linearTap(target: number, length: number, sourceLength: number, asArea: boolean) {
  const inverse = length / sourceLength;
  const scale = 1 / inverse;
  if (asArea) {
    const index = floor(target * scale);
    const past = fround(target + 1 - (index + 1) * inverse);
    return { index, fraction: past <= 0 ? 0 : fround(past - floor(past)) };
  }
  const position = fround((target + 0.5) * scale - 0.5);
  return { index: floor(position), fraction: fround(position - floor(position)) };
}

function areaShares(target: number, scale: number, sourceLength: number): Shares {
  const start = target * scale;
  const end = start + scale;
  const cell = min(scale, sourceLength - start);
  const last = min(floor(end), sourceLength - 1);
  const first = min(ceil(start), last);
  const shares = [];
  if (first - start > 1e-3) shares.push({ source: first - 1, weight: fround((first - start) / cell) });
  for (let source = first; source < last; source++) shares.push({ source, weight: fround(1 / cell) });
  if (end - last > 1e-3) shares.push({ source: last, weight: fround(min(end - last, 1, cell) / cell) });
  return shares;
}

type Value = (channel: (x: number, y: number) => number, x: number, y: number) => number;

function fill(image: Image, width: number, height: number, value: Value): Image {
  const { channels } = image;
  const result = createImage(width, height, channels);
  for (let c = 0; c < channels; c++) {
    const channel = (x: number, y: number) => image.data[(y * image.width + x) * channels + c]!;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) result.data[(y * width + x) * channels + c] = value(channel, x, y);
    }
  }
  return result;
}

/** 11-bit fixed point. */
function fixed(weight: number): number {
  return roundHalfEven(weight * 2048);
}

function saturate(value: number): number {
  return max(0, min(255, roundHalfEven(value)));
}
