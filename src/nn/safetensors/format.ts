/**
 * The `.safetensors` format (https://github.com/huggingface/safetensors): 8 bytes of little-endian header length,
 * a JSON header naming each tensor's type, shape and range of bytes, then the bytes themselves without gaps.
 */

/** Element types Phalanx reads and writes, with the array that holds one in memory. */
export interface HostArrays {
  F32: Float32Array;
  /** IEEE half precision, as bits. */
  F16: Uint16Array;
  /** The upper half of a float32, as bits. */
  BF16: Uint16Array;
  I64: BigInt64Array;
  I32: Int32Array;
  U8: Uint8Array;
}

export type Dtype = keyof HostArrays;

/** A tensor in ordinary memory, row-major. */
export type HostTensor = {
  [D in Dtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: HostArrays[D] };
}[Dtype];

/** Tensors by name, in order. */
export type StateDict = ReadonlyMap<string, HostTensor>;

export const bytesPerElement: Readonly<Record<Dtype, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  U8: 1,
};

export const dtypes = Object.keys(bytesPerElement) as readonly Dtype[];

export function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(bytesPerElement, value);
}

/** Bytes before the header: its length as an unsigned 64-bit integer. */
export const PREFIX_BYTES = 8;

/** Larger headers are refused: thousands of tensors need about one hundred kilobytes. */
export const MAX_HEADER_BYTES = 16 * 2 ** 20;

export const MAX_RANK = 8;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** An array of `dtype` over `bytes`, which must start a buffer of their own. */
export function hostTensor(dtype: Dtype, shape: readonly number[], bytes: ArrayBuffer): HostTensor {
  switch (dtype) {
    case 'F32':
      return { dtype, shape, data: new Float32Array(bytes) };
    case 'F16':
    case 'BF16':
      return { dtype, shape, data: new Uint16Array(bytes) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(bytes) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(bytes) };
    case 'U8':
      return { dtype, shape, data: new Uint8Array(bytes) };
    default:
      return dtype satisfies never;
  }
}
