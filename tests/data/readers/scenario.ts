import sharp from 'sharp';
import { Random } from '../../../src/core/random.ts';
import { write } from '../../temporaryFolder.ts';

export const side = 32;
const pixels = side * side;

/** A rectangle of pixels, far edges outside. */
interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** An image of noise with a rectangle of each class. */
export interface Picture {
  readonly name: string;
  /** `[32, 32]` */
  readonly grey: Uint8Array;
  readonly boxes: readonly Box[];
  /** `[classes][32 * 32]`, 0 or 1. */
  readonly masks: readonly Uint8Array[];
}

/** Pictures of seeded noise; the rectangles of two classes overlap unless they must not. */
export function pictures(count: number, classes: number, { overlap = true } = {}): Picture[] {
  return Array.from({ length: count }, (_, index) => {
    const random = Random.from('reader scenario', index);
    const boxes = Array.from({ length: classes }, (_unused, c) => {
      const x0 = overlap ? random.integer(0, 12) : 10 * c + random.integer(0, 4);
      const y0 = random.integer(0, 16);
      return { x0, y0, x1: x0 + random.integer(2, overlap ? 16 : 7), y1: y0 + random.integer(2, 14) };
    });
    return {
      name: `image${index}`,
      grey: Uint8Array.from({ length: pixels }, () => random.integer(0, 256)),
      boxes,
      masks: boxes.map(maskOf),
    };
  });
}

function maskOf({ x0, y0, x1, y1 }: Box): Uint8Array {
  return Uint8Array.from({ length: pixels }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return x >= x0 && x < x1 && y >= y0 && y < y1 ? 1 : 0;
  });
}

/** The bits of a picture's classes. */
export function planeOf({ masks }: Picture): number[] {
  return Array.from({ length: pixels }, (_, i) => masks.reduce((bits, mask, c) => bits | (mask[i]! << c), 0));
}

/** An image file of one channel, by the path's extension. */
export async function writeGrey(path: string, values: Uint8Array): Promise<void> {
  await writeImage(path, values, 1);
}

export async function writeImage(path: string, data: Uint8Array, channels: 1 | 3): Promise<void> {
  const image = sharp(data, { raw: { width: side, height: side, channels } });
  const grey = channels === 1 ? image.toColourspace('b-w') : image;
  const file = path.endsWith('.png') ? grey.png() : grey.tiff({ compression: 'lzw' });
  await write(path, await file.toBuffer());
}

/** Runs of a mask, `start length` pairs. */
export function runs(mask: Uint8Array, { columns = false, relative = false, base = 1 } = {}): string {
  const order = columns
    ? Uint8Array.from({ length: pixels }, (_, i) => mask[(i % side) * side + Math.floor(i / side)]!)
    : mask;
  const parts: number[] = [];
  let end = 0;
  for (let i = 0; i < pixels; i++) {
    if (order[i] === 0 || (i > 0 && order[i - 1] === 1)) continue;
    let stop = i;
    while (stop < pixels && order[stop] === 1) stop++;
    parts.push(relative ? i - end : i + base, stop - i);
    end = stop;
  }
  return parts.join(' ');
}

/** A MetaImage of 16-bit numbers, header and voxels in one file. */
export async function writeMetaImage(
  path: string,
  size: readonly [number, number, number],
  values: Int16Array,
): Promise<void> {
  const header = [
    'ObjectType = Image',
    'NDims = 3',
    `DimSize = ${size.join(' ')}`,
    'ElementSpacing = 1 1 2',
    'ElementType = MET_SHORT',
    'ElementDataFile = LOCAL',
    '',
  ].join('\n');
  await write(path, Buffer.concat([Buffer.from(header), Buffer.from(values.buffer)]));
}
