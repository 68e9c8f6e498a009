import dicomParser from 'dicom-parser';
import type { DataSet } from 'dicom-parser';
import type { Limits, Rescale } from '../intensity/values.ts';

/** Bytes before a DICOM file's first element: 128 of anything, then `DICM`. */
const prefixBytes = 132;

/** Whether the bytes begin as a DICOM file. */
export function isDicom(bytes: Buffer): boolean {
  return bytes.length >= prefixBytes && bytes.toString('latin1', 128, prefixBytes) === 'DICM';
}

/** How the pixels of a DICOM file are laid out and what they mean. */
export interface DicomImage extends Rescale {
  readonly dataSet: DataSet;
  readonly transferSyntax: string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly samplesPerPixel: 1 | 3;
  readonly photometric: string;
  readonly planar: boolean;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** The first window of the file as ends of a linear mapping, in rescaled numbers. */
  readonly window?: Limits;
}

/** Deflate compresses the whole data set, so that a small file could unpack into a huge one. */
const deflated = '1.2.840.10008.1.2.1.99';

/**
 * Reads all that a DICOM file says about its one image but the pixels.
 *
 * @throws Error that says what the file holds instead.
 */
export function parseDicom(bytes: Buffer): DicomImage {
  const transferSyntax = metaOf(bytes);
  const dataSet = parsed(() => dicomParser.parseDicom(bytes));
  const number = (tag: string, name: string): number => {
    const value = dataSet.uint16(tag);
    if (value === undefined) throw new Error(`a DICOM file without ${name}`);
    return value;
  };
  const frames = dataSet.intString('x00280008') ?? 1;
  if (frames !== 1) throw new Error(`a DICOM file of ${frames} frames`);
  const samplesPerPixel = dataSet.uint16('x00280002') ?? 1;
  const bitsAllocated = number('x00280100', 'bits allocated');
  const bitsStored = dataSet.uint16('x00280101') ?? bitsAllocated;
  const highBit = dataSet.uint16('x00280102') ?? bitsStored - 1;
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) throw new Error(`${samplesPerPixel} samples per pixel`);
  if (
    (bitsAllocated !== 8 && bitsAllocated !== 16) ||
    bitsStored < 1 ||
    highBit >= bitsAllocated ||
    highBit < bitsStored - 1
  ) {
    throw new Error(`${bitsStored} of ${bitsAllocated} bits up to bit ${highBit} in a DICOM file`);
  }
  const window = windowOf(dataSet);
  return {
    dataSet,
    transferSyntax,
    width: number('x00280011', 'columns'),
    height: number('x00280010', 'rows'),
    samplesPerPixel,
    photometric: dataSet.string('x00280004') ?? '',
    planar: dataSet.uint16('x00280006') === 1,
    bitsAllocated,
    bitsStored,
    highBit,
    signed: dataSet.uint16('x00280103') === 1,
    slope: finite(dataSet.floatString('x00281053'), 1),
    intercept: finite(dataSet.floatString('x00281052'), 0),
    ...(window === undefined ? {} : { window }),
  };
}

function metaOf(bytes: Buffer): string {
  const meta = parsed(() => dicomParser.readPart10Header(bytes));
  const transferSyntax = meta.string('x00020010');
  if (transferSyntax === undefined) throw new Error('a DICOM file without transfer syntax');
  if (transferSyntax === deflated) throw new Error('a DICOM file with a deflated data set');
  return transferSyntax;
}

/** The library throws texts and objects where others throw errors. */
function parsed<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown;
    const told = (thrown as { exception?: unknown }).exception ?? thrown;
    throw new Error(`a damaged DICOM file: ${String(told)}`, { cause: thrown });
  }
}

/** Source: DICOM PS3.3 C.11.2.1.2.1 (linear) and C.11.2.1.3.2 (exact), the ends of the window. */
function windowOf(dataSet: DataSet): Limits | undefined {
  const centre = dataSet.floatString('x00281050', 0);
  const width = dataSet.floatString('x00281051', 0);
  if (centre === undefined || width === undefined || !Number.isFinite(centre)) return undefined;
  const kind = dataSet.string('x00281056') ?? 'LINEAR';
  if (kind === 'LINEAR_EXACT') {
    return width > 0 ? { low: centre - width / 2, high: centre + width / 2 } : undefined;
  }
  if (kind !== 'LINEAR' || !(width > 1)) return undefined;
  return { low: centre - 0.5 - (width - 1) / 2, high: centre - 0.5 + (width - 1) / 2 };
}

function finite(value: number | undefined, otherwise: number): number {
  return value === undefined || !Number.isFinite(value) ? otherwise : value;
}
