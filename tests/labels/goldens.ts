import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { LabelMap } from '../../src/labels/labelMap.ts';

/** A golden file of `tools/goldens/labels.py`. */
export function golden<Case>(name: string): Case[] {
  const url = new URL(`../goldens/labels/${name}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Case[];
}

/** The first 16 hexadecimal digits of SHA-256, as the generator writes it. */
export function digest(data: Uint8Array | Uint32Array | Float32Array): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** One class as bytes, 0 or 1 per pixel, row-major. */
export function maskOf(labels: LabelMap, classIndex: number): Uint8Array {
  const plane = labels.planes[classIndex >> 5]!;
  return Uint8Array.from(plane, (pixel) => (pixel >>> (classIndex & 31)) & 1);
}
