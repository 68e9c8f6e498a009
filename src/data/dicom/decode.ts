import dicomParser from 'dicom-parser';
import sharp from 'sharp';
import type { ImageSize } from '../../pixels/image.ts';
import type { StoredArray } from '../intensity/values.ts';
import type { StoredImage } from '../images/stored.ts';
import { undecodable } from '../images/undecodable.ts';
import { parseDicom } from './parse.ts';
import type { DicomImage } from './parse.ts';
import { decodeRuns } from './runs.ts';

const pixelData = 'x7fe00010';
const bigEndian = '1.2.840.10008.1.2.2';
const plain = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', bigEndian];
const runLength = '1.2.840.10008.1.2.5';
/** Baseline, extended and lossless JPEG; of the latter two only what the decoder of JPEG files can read. */
const jpeg = [
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.51',
  '1.2.840.10008.1.2.4.57',
  '1.2.840.10008.1.2.4.70',
];

/**
 * Decodes the one image of a DICOM file: uncompressed, run-length encoded, or JPEG of 8 bits; grey, or RGB of 8 bits.
 *
 * @throws PhalanxError `image/unreadable`, which names a kind of file that is not read.
 */
export async function decodeDicom(bytes: Buffer, path: string, maxPixels: number): Promise<StoredImage> {
  try {
    const image = parseDicom(bytes);
    const { width, height, samplesPerPixel, photometric, slope, intercept, window } = image;
    checkSize(image, maxPixels);
    const data = await samplesOf(image, maxPixels);
    if (samplesPerPixel === 1 && !/^MONOCHROME[12]$/.test(photometric)) throw new Error(photometric);
    return {
      width,
      height,
      channels: samplesPerPixel,
      data,
      slope,
      intercept,
      inverted: photometric === 'MONOCHROME1',
      ...(window === undefined ? {} : { window }),
    };
  } catch (cause) {
    throw undecodable(path, maxPixels, cause);
  }
}

/** @throws PhalanxError `image/unreadable`. */
export function dicomSize(bytes: Buffer, path: string, maxPixels: number): ImageSize {
  try {
    const image = parseDicom(bytes);
    checkSize(image, maxPixels);
    return { width: image.width, height: image.height };
  } catch (cause) {
    throw undecodable(path, maxPixels, cause);
  }
}

function checkSize({ width, height }: DicomImage, maxPixels: number): void {
  if (width * height === 0 || width * height > maxPixels) throw new Error(`${width} × ${height} pixels`);
}

async function samplesOf(image: DicomImage, maxPixels: number): Promise<StoredArray> {
  const { dataSet, transferSyntax, samplesPerPixel, photometric, bitsAllocated } = image;
  const element = dataSet.elements[pixelData];
  if (element === undefined) throw new Error('a DICOM file without pixels');
  if (jpeg.includes(transferSyntax)) return await jpegSamples(image, fragments(image), maxPixels);
  if (samplesPerPixel === 3 && (photometric !== 'RGB' || bitsAllocated !== 8)) {
    throw new Error(`${bitsAllocated}-bit ${photometric} that is not compressed as JPEG`);
  }
  if (transferSyntax === runLength) return arranged(image, decodeRuns(fragments(image), image), true);
  if (!plain.includes(transferSyntax)) throw new Error(`pixels of transfer syntax ${transferSyntax}`);
  const size = sampleBytes(image);
  if (element.length < size || element.encapsulatedPixelData === true) {
    throw new Error(`${element.length} bytes of pixels where ${size} belong`);
  }
  const bytes = Buffer.from(dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + size));
  if (transferSyntax === bigEndian && bitsAllocated === 16) bytes.swap16();
  return arranged(image, bytes, image.planar);
}

function sampleBytes({ width, height, samplesPerPixel, bitsAllocated }: DicomImage): number {
  return (width * height * samplesPerPixel * bitsAllocated) / 8;
}

function fragments({ dataSet }: DicomImage): Buffer {
  const element = dataSet.elements[pixelData]!;
  const count = element.fragments?.length ?? 0;
  if (count === 0) throw new Error('a compressed DICOM file without fragments');
  return Buffer.from(dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, 0, count));
}

async function jpegSamples(image: DicomImage, bytes: Buffer, maxPixels: number): Promise<StoredArray> {
  const { width, height, samplesPerPixel, bitsStored } = image;
  if (bitsStored > 8) throw new Error(`JPEG of ${bitsStored} bits`);
  const { data, info } = await sharp(bytes, {
    failOn: 'truncated',
    limitInputPixels: maxPixels,
    ignoreIcc: true,
  })
    .toColourspace(samplesPerPixel === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height || info.channels !== samplesPerPixel) {
    throw new Error(`a JPEG of ${info.width} × ${info.height} × ${info.channels}`);
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** Samples interleaved by pixel, freed of bits that do not belong to them. */
function arranged(image: DicomImage, bytes: Buffer, planar: boolean): StoredArray {
  const { width, height, samplesPerPixel, bitsAllocated } = image;
  if (samplesPerPixel === 3) {
    if (!planar) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    const pixels = width * height;
    return Uint8Array.from({ length: 3 * pixels }, (_, i) => bytes[(i % 3) * pixels + Math.floor(i / 3)]!);
  }
  if (bitsAllocated === 8)
    return cleaned(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), image);
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  return cleaned(new Uint16Array(aligned.buffer, aligned.byteOffset, width * height), image);
}

/** Cuts out the stored bits (others may hold an overlay) and extends their sign. */
function cleaned(
  samples: Uint8Array | Uint16Array,
  { bitsAllocated, bitsStored, highBit, signed }: DicomImage,
): StoredArray {
  const unused = bitsAllocated - 1 - highBit;
  const surplus = bitsAllocated - bitsStored;
  if (signed) {
    const Signed = samples instanceof Uint8Array ? Int8Array : Int16Array;
    const values = new Signed(samples.buffer as ArrayBuffer, samples.byteOffset, samples.length);
    if (surplus > 0)
      for (let i = 0; i < values.length; i++)
        values[i] = (values[i]! << (unused + 32 - bitsAllocated)) >> (surplus + 32 - bitsAllocated);
    return values;
  }
  const mask = 2 ** bitsStored - 1;
  if (surplus > 0)
    for (let i = 0; i < samples.length; i++) samples[i] = (samples[i]! >> (surplus - unused)) & mask;
  return samples;
}
