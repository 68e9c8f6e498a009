/** Numbers as a file stores them. */
export type StoredArray =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** What numbers mean: `stored * slope + intercept`, in Hounsfield units or whatever the file's numbers stand for. */
export interface Rescale {
  readonly slope: number;
  readonly intercept: number;
}

/** Ends of a window, in rescaled numbers, `low < high`. */
export interface Limits {
  /** Becomes 0. */
  readonly low: number;
  /** Becomes 255. */
  readonly high: number;
}

/** Smallest number and size of a table with an entry for every number that an array of this type can hold. */
export function tableOf(data: StoredArray): { readonly first: number; readonly size: number } | undefined {
  if (data instanceof Uint8Array) return { first: 0, size: 256 };
  if (data instanceof Int8Array) return { first: -128, size: 256 };
  if (data instanceof Uint16Array) return { first: 0, size: 65536 };
  if (data instanceof Int16Array) return { first: -32768, size: 65536 };
  return undefined;
}
