import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bytesOf } from '../../src/core/bytes.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';

/** A golden file of `tools/goldens/labels.py`. */
export function golden<Case>(name: string): Case[] {
  const url = new URL(`../goldens/labels/${name}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Case[];
}

/** The first 16 hexadecimal digits of SHA-256, as the generator writes it. */
export function digest(data: Uint8Array | Uint32Array | Float32Array): string {
  return createHash('sha256').update(bytesOf(data)).digest('hex').slice(0, 16);
}

/** A mask of the generators, bits as hexadecimal, a bit per pixel, row-major, highest bit first. */
export interface MaskCase {
  readonly width: number;
  readonly height: number;
  readonly bits: string;
}

/** Label maps of one class. */
export function labelsOf({ width, height, bits }: MaskCase): LabelMap {
  const bytes = Buffer.from(bits, 'hex');
  const labels = createLabelMap(width, height, 1);
  for (let i = 0; i < width * height; i++) {
    labels.planes[0]![i] = (bytes[i >> 3]! >> (7 - (i & 7))) & 1;
  }
  return labels;
}

/** One class as bytes, 0 or 1 per pixel, row-major. */
export function maskOf(labels: LabelMap, classIndex: number): Uint8Array {
  const plane = labels.planes[classIndex >> 5]!;
  return Uint8Array.from(plane, (pixel) => (pixel >>> (classIndex & 31)) & 1);
}

/** The generator's noise: uint32 `[height, width, channels]`. */
export function pattern(width: number, height: number, channels = 1): Uint32Array {
  const noise = new Uint32Array(width * height * channels);
  let next = 0;
  for (let y = 1; y <= height; y++) {
    for (let x = 1; x <= width; x++) {
      for (let c = 1; c <= channels; c++) {
        let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
        h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
        h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
        noise[next++] = h ^ (h >>> 15);
      }
    }
  }
  return noise;
}
