import { release } from '../pixels/memory.ts';

/** A batch as the loader yields it, ready to become tensors. */
export interface Batch {
  /** Sample identifiers, in order. */
  readonly ids: readonly string[];
  /** `[N, H, W, C]`, values 0 to 255. */
  readonly images: Uint8Array;
  readonly imageShape: readonly [number, number, number, number];
  /**
   * `[N, H, W, P]`, the packed label planes; `P = ceil(classes / 32)`. Where samples may have unknown pixels, a class
   * behind the last says which those are. Twice as many planes where there are `shares`.
   */
  readonly labels: Int32Array;
  readonly labelShape: readonly [number, number, number, number];
  /**
   * `[N]`, of samples that may be blended of two: how much the second half of the label planes counts, in [0, 1]; the
   * first half has the rest.
   */
  readonly shares?: Float32Array;
}

/**
 * Gives a batch's memory back for later ones. Its arrays must not be used any more; of a batch that is simply dropped
 * the garbage collector takes care, later.
 */
export function releaseBatch({ images, labels }: Batch): void {
  release([images, labels]);
}
