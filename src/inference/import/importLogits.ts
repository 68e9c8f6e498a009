import { basename } from 'node:path';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { PhalanxError } from '../../core/errors.ts';
import { encodePlane, fileOf } from '../store/logitFile.ts';
import type { LogitInfo } from '../store/logitFile.ts';
import type { LogitStore } from '../store/logitStore.ts';
import { listArrays } from './arrays.ts';
import { bytesOf, readNpyHeader, refused, valuesOf } from './npy.ts';
import type { ByteSource, NpyHeader } from './npy.ts';

export interface ImportOptions {
  /** A folder of .npy files, one per image and named by it (`image1.png.npy`), or a .npz file with an array per image. */
  readonly from: string;
  readonly store: LogitStore;
  /** In the order of the arrays' classes. */
  readonly classes: readonly string[];
  /** Of the images that the logits are upsampled to, pixels. */
  readonly size: { readonly width: number; readonly height: number };
  readonly layout: 'chw' | 'hwc';
  /** What the values are; probabilities of type uint8 are 255ths. */
  readonly values: 'logits' | 'probabilities';
  readonly signal?: AbortSignal | undefined;
}

export interface ImportedImage {
  readonly image: string;
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
}

const chunkBytes = 8 * 2 ** 20;
/** Floats of the classes that are gathered in one pass over an array. */
const gathered = 2 ** 23;
const largestSide = 16384;

/**
 * Brings other programs' logits into a store, image by image and a few classes at a time.
 *
 * @throws PhalanxError `logits/import` naming the array: not of a type, shape or size that can be logits of `classes`;
 *   `logits/not-finite` naming image and class; `file/write`. Images before it are in the store, whole.
 */
export async function* importLogits(options: ImportOptions): AsyncGenerator<ImportedImage> {
  const arrays = await listArrays(options.from);
  if (arrays.length === 0) {
    throw new PhalanxError('logits/import', {
      what: 'There is nothing to import',
      where: options.from,
      expected: 'files such as image1.png.npy, or a .npz file',
    });
  }
  for (const [index, { image, open: openArray }] of arrays.entries()) {
    options.signal?.throwIfAborted();
    await using array = await openArray();
    const bytes = await importArray(array, image, options);
    yield { image, done: index + 1, total: arrays.length, bytes };
  }
}

async function importArray(source: ByteSource, image: string, options: ImportOptions): Promise<number> {
  const { classes, layout, size, store, values } = options;
  const header = await readNpyHeader(source);
  const { shape, dtype } = header;
  const [count, height, width] =
    layout === 'chw' ? [shape[0], shape[1], shape[2]] : [shape[2], shape[0], shape[1]];
  const fits = shape.length === 3 && count === classes.length && shape.every((side) => side >= 1);
  if (!fits || height! > largestSide || width! > largestSide) {
    const expected =
      layout === 'chw' ? `[${classes.length}, height, width]` : `[height, width, ${classes.length}]`;
    throw refused(source, `an array of ${expected}`, `[${shape.join(', ')}]`);
  }
  if (dtype === '|u1' && values === 'logits')
    throw refused(source, 'probabilities in uint8', 'logits in uint8');
  if (image.includes('/') || image.includes('\\') || image.startsWith('.') || image === '') {
    throw refused(source, "an image's name", JSON.stringify(image));
  }
  const info: LogitInfo = {
    image,
    height: height!,
    width: width!,
    originalHeight: size.height,
    originalWidth: size.width,
    classes,
    provenance: { imported: values, name: basename(options.from) },
  };
  const streams: Uint8Array[] = [];
  const perPass = Math.max(1, Math.floor(gathered / (height! * width!)));
  for (let first = 0; first < classes.length; first += perPass) {
    const end = Math.min(classes.length, first + perPass);
    const planes = await gather(source, header, info, first, end, options);
    for (const [i, plane] of planes.entries()) streams.push(await encodePlane(plane, info, first + i));
  }
  const bytes = fileOf(info, streams);
  await writeFileAtomic(store.pathOf(image), bytes);
  return bytes.length;
}

/** The logits of some classes, each `[height, width]`, in one pass over the array. */
async function gather(
  source: ByteSource,
  { dtype, fortran, shape, start }: NpyHeader,
  { height, width, image, classes }: LogitInfo,
  first: number,
  end: number,
  { layout, values }: ImportOptions,
): Promise<Float32Array[]> {
  const planes = Array.from({ length: end - first }, () => new Float32Array(height * width));
  // Axes from the slowest to the fastest in memory.
  const axes: string[] = fortran ? Array.from(layout).reverse() : Array.from(layout);
  const sides = fortran ? [...shape].reverse() : shape;
  const [classAxis, rowAxis, columnAxis] = ['c', 'h', 'w'].map((axis) => axes.indexOf(axis)) as [
    number,
    number,
    number,
  ];
  const total = height * width * classes.length;
  const plane = total / classes.length;
  const [from, to] = classAxis === 0 ? [first * plane, end * plane] : [0, total];
  const step = Math.floor(chunkBytes / bytesOf(dtype));
  const at = [Math.floor(from / (sides[1]! * sides[2]!)), 0, 0];
  for (let element = from; element < to; element += step) {
    const length = Math.min(step, to - element);
    const bytes = await source.read(start + element * bytesOf(dtype), length * bytesOf(dtype));
    const numbers = valuesOf(bytes, dtype);
    for (let i = 0; i < length; i++) {
      const c = at[classAxis]!;
      if (c >= first && c < end) {
        const logit =
          values === 'logits' ? numbers[i]! : toLogit(dtype === '|u1' ? numbers[i]! / 255 : numbers[i]!);
        if (!Number.isFinite(logit)) throw notFinite(source, image, classes[c]!, numbers[i]!);
        planes[c - first]![at[rowAxis]! * width + at[columnAxis]!] = logit;
      }
      if (++at[2]! === sides[2]) {
        at[2] = 0;
        if (++at[1]! === sides[1]) {
          at[1] = 0;
          at[0]!++;
        }
      }
    }
  }
  return planes;
}

/** NaN for what is not a probability. */
function toLogit(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  const bounded = Math.min(Math.max(p, 1e-9), 1 - 1e-9);
  return Math.log(bounded / (1 - bounded));
}

function notFinite({ name }: ByteSource, image: string, className: string, value: number): PhalanxError {
  return new PhalanxError('logits/not-finite', {
    what: 'An imported value cannot be used',
    where: `${name}, image ${image}, class ${className}`,
    expected: 'finite logits, or probabilities from 0 to 1',
    received: String(value),
  });
}
