import type { ImageSize } from '../pixels/image.ts';
import type { Move } from './move.ts';
import type { Point } from './perspectiveMatrix.ts';
import { movedPoint } from './points.ts';

/**
 * albumentations' formats. `pascal_voc`: left, top, right, bottom in pixels. `coco`: left, top, width, height in pixels.
 * `albumentations`: as `pascal_voc`, as fractions of the sides. `yolo`: centre x and y, width, height, as fractions.
 */
export type BoxFormat = 'pascal_voc' | 'coco' | 'albumentations' | 'yolo';
export type BoxNumbers = readonly [number, number, number, number];

/** Left, top, right, bottom, pixels; right and bottom are the first columns and rows beyond. */
export type Corners = BoxNumbers;

export interface BoxOptions {
  readonly format: BoxFormat;
  /** Smaller boxes are dropped, pixels². Default 0. */
  readonly minArea?: number;
  /** Boxes of which less than this fraction is left within the image are dropped. Default 0. */
  readonly minVisibility?: number;
  /** Pixels. Default 0. */
  readonly minWidth?: number;
  /** Pixels. Default 0. */
  readonly minHeight?: number;
  /** Boxes whose one side is more than so many times the other are dropped. Default: none. */
  readonly maxAcceptRatio?: number | undefined;
}

export function cornersOf(
  [a, b, c, d]: BoxNumbers,
  format: BoxFormat,
  { width, height }: ImageSize,
): Corners {
  switch (format) {
    case 'pascal_voc':
      return [a, b, c, d];
    case 'coco':
      return [a, b, a + c, b + d];
    case 'albumentations':
      return [a * width, b * height, c * width, d * height];
    case 'yolo':
      return [(a - c / 2) * width, (b - d / 2) * height, (a + c / 2) * width, (b + d / 2) * height];
  }
}

export function boxOf([left, top, right, bottom]: Corners, format: BoxFormat, size: ImageSize): BoxNumbers {
  const { width, height } = size;
  switch (format) {
    case 'pascal_voc':
      return [left, top, right, bottom];
    case 'coco':
      return [left, top, right - left, bottom - top];
    case 'albumentations':
      return [left / width, top / height, right / width, bottom / height];
    case 'yolo':
      return [
        (left + right) / 2 / width,
        (top + bottom) / 2 / height,
        (right - left) / width,
        (bottom - top) / height,
      ];
  }
}

/** Points along each side that stand for a box where sides become curves. */
const pointsOfSide = 16;

/** The upright box around what the moves make of a box. */
export function movedBox(moves: readonly Move[], size: ImageSize, corners: Corners): Corners {
  const [left, top, right, bottom] = corners;
  const isCurved = moves.some(
    (move) =>
      move.kind === 'warp' &&
      move.warp.steps.some(({ map: { kind } }) => kind !== 'affine' && kind !== 'perspective'),
  );
  const parts = isCurved ? pointsOfSide : 1;
  const outline: Point[] = [];
  for (let i = 0; i < parts; i++) {
    const [x, y] = [((right - left) * i) / parts, ((bottom - top) * i) / parts];
    outline.push([left + x, top], [right, top + y], [right - x, bottom], [left, bottom - y]);
  }
  const moved = outline.map((point) => movedPoint(moves, size, point, 'corners'));
  const [xs, ys] = [moved.map(([x]) => x), moved.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** What is left of a box within the image; undefined where that is too little. albumentations' `filter_bboxes`. */
export function visibleBox(
  corners: Corners,
  { width, height }: ImageSize,
  { minArea = 0, minVisibility = 0, minWidth = 0, minHeight = 0, maxAcceptRatio = Infinity }: BoxOptions,
): Corners | undefined {
  const tiny = 1e-7;
  const clip = (value: number, most: number): number => Math.min(most, Math.max(0, value));
  const visible: Corners = [
    clip(corners[0], width),
    clip(corners[1], height),
    clip(corners[2], width),
    clip(corners[3], height),
  ];
  const [w, h] = [visible[2] - visible[0], visible[3] - visible[1]];
  const whole = (corners[2] - corners[0]) * (corners[3] - corners[1]);
  const keeps =
    whole >= tiny &&
    w * h >= Math.max(minArea - tiny, tiny) &&
    (w * h) / (whole + tiny) >= minVisibility &&
    w >= minWidth - tiny &&
    h >= minHeight - tiny &&
    Math.max(w / (h + tiny), h / (w + tiny)) <= maxAcceptRatio;
  return keeps ? visible : undefined;
}
