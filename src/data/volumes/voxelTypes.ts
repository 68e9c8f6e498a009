import type { StoredArray } from '../intensity/values.ts';

type Constructor = (new (buffer: ArrayBuffer, offset: number, length: number) => StoredArray) & {
  readonly BYTES_PER_ELEMENT: number;
};

/** Kinds of numbers that a voxel may be. */
export const voxelTypes = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const satisfies Record<string, Constructor>;
export type VoxelType = keyof typeof voxelTypes;

export function voxelBytes(type: VoxelType): number {
  return voxelTypes[type].BYTES_PER_ELEMENT;
}

/** The numbers that bytes are; the bytes are turned around in place where their order is not the machine's. */
export function voxelsOf(bytes: Buffer, type: VoxelType, bigEndian: boolean): StoredArray {
  const size = voxelBytes(type);
  const whole = bytes.byteOffset % size === 0 ? bytes : copied(bytes);
  if (bigEndian && size === 2) whole.swap16();
  if (bigEndian && size === 4) whole.swap32();
  if (bigEndian && size === 8) whole.swap64();
  return new voxelTypes[type](whole.buffer as ArrayBuffer, whole.byteOffset, whole.length / size);
}

function copied(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
