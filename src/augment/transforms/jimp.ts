import { z } from 'zod';
import { bytesOf } from '../../core/bytes.ts';
import { PhalanxError, messageOf } from '../../core/errors.ts';
import type { Sample } from '../../data/dataset.ts';
import { allPlanes, withPlanes } from '../../labels/labelMap.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import type { Image } from '../../pixels/image.ts';
import { defineTransform, greyOrColour, probability } from '../definition.ts';

/** Jimp's operations that change values only; the labels stay as they are. */
const pixelMethods = [
  'blur',
  'brightness',
  'color',
  'contrast',
  'convolute',
  'convolution',
  'dither',
  'gaussian',
  'greyscale',
  'invert',
  'normalize',
  'pixelate',
  'posterize',
  'quantize',
  'sepia',
  'threshold',
] as const;

/** Jimp's operations that move whole 32-bit pixels, so that a packed label plane passes for an RGBA image. */
const geometricMethods = ['crop', 'fisheye', 'flip', 'resize', 'rotate', 'scale', 'scaleToFit'] as const;

const methods = [...pixelMethods, ...geometricMethods] as const;
type JimpMethod = (typeof methods)[number];

/**
 * Any of jimp's operations on a single image, with its arguments as data. Labels follow `crop`, `fisheye`, `flip`,
 * `rotate` (by multiples of 90 degrees, or with `mode: false`), `resize`, `scale` and `scaleToFit` (nearest, whatever
 * the image's mode). Transparency does not come back.
 */
export const Jimp = defineTransform(
  'Jimp',
  {
    method: z.enum(methods),
    args: z.array(z.json()).max(8).readonly().default([]),
    p: probability(1),
  },
  async (sample, { method, args }) => {
    const image = fromBitmap(await callJimp(method, args, toBitmap(sample.image)), sample.image.channels);
    if (!isGeometric(method)) return { image, labels: sample.labels };
    return { image, labels: await movedLabels(sample, method, args, image) };
  },
  {
    objection: ({ method, args }) =>
      method === 'rotate' && !rotatesWholePixels(args[0])
        ? 'labels follow a rotation by multiples of 90 degrees, or one with mode: false, for example { deg: 30, mode: false }'
        : undefined,
    channelDefect: greyOrColour,
  },
);

/** A jimp operation as a transform, for example `fromJimp('posterize', [8], { p: 0.2 })`. */
export function fromJimp(
  method: JimpMethod,
  args: readonly z.core.util.JSONType[] = [],
  options: { readonly p?: number } = {},
) {
  return { name: 'Jimp', method, args, ...options } as const;
}

interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly data: Uint8Array;
}

function isGeometric(method: JimpMethod): boolean {
  return (geometricMethods as readonly string[]).includes(method);
}

function rotatesWholePixels(argument: unknown): boolean {
  if (typeof argument === 'number') return argument % 90 === 0;
  if (typeof argument !== 'object' || argument === null) return false;
  if ('mode' in argument && argument.mode === false) return true;
  return 'deg' in argument && typeof argument.deg === 'number' && argument.deg % 90 === 0;
}

type JimpInstance = Readonly<Record<JimpMethod, (...args: readonly unknown[]) => unknown>> & {
  readonly bitmap: Bitmap;
};

async function callJimp(method: JimpMethod, args: readonly unknown[], bitmap: Bitmap): Promise<Bitmap> {
  const { Jimp: JimpImage } = await import('jimp');
  // Jimp writes into what it is given, and reads the whole ArrayBuffer behind it, whatever part of it is meant.
  const data = Buffer.from(Uint8Array.from(bitmap.data).buffer);
  const image = JimpImage.fromBitmap({ ...bitmap, data }) as JimpInstance;
  try {
    image[method](...structuredClone(args));
  } catch (cause) {
    throw new PhalanxError(
      'augment/jimp',
      {
        what: `Jimp's ${method} refused its arguments`,
        received: `${JSON.stringify(args)}: ${messageOf(cause)}`,
        fix: 'See the documentation of jimp 1.6 for what the method takes',
      },
      { cause },
    );
  }
  return image.bitmap;
}

function toBitmap({ width, height, channels, data }: Image): Bitmap {
  const rgba = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[i * channels + (channels === 1 ? 0 : c)]!;
    rgba[4 * i + 3] = 255;
  }
  return { width, height, data: rgba };
}

/** A grey image takes the red channel back. */
function fromBitmap({ width, height, data: rgba }: Bitmap, channels: number): Image {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < channels; c++) data[i * channels + c] = rgba[4 * i + c]!;
  }
  return { width, height, channels, data };
}

function resizes(method: JimpMethod): boolean {
  return method === 'resize' || method === 'scale' || method === 'scaleToFit';
}

/** A resize's argument, asking for whole pixels; a number is a factor. */
function nearestArgument(argument: unknown): object {
  const size = typeof argument === 'number' ? { f: argument } : (argument as object);
  return { ...size, mode: 'nearestNeighbor' };
}

async function movedLabels(
  { labels }: Sample,
  method: JimpMethod,
  args: readonly unknown[],
  { width, height }: Image,
): Promise<LabelMap> {
  const labelArgs = resizes(method) ? [nearestArgument(args[0])] : args;
  const planes: Uint32Array[] = [];
  for (const plane of allPlanes(labels)) {
    const moved = await callJimp(method, labelArgs, {
      width: labels.width,
      height: labels.height,
      data: bytesOf(plane),
    });
    if (moved.width !== width || moved.height !== height) {
      throw new Error(`jimp's ${method} gave image and labels different sizes`);
    }
    planes.push(new Uint32Array(Uint8Array.from(moved.data).buffer));
  }
  return withPlanes(labels, { width, height }, planes);
}
