import type { Sample } from '../data/dataset.ts';
import type { ImageSize } from '../pixels/image.ts';
import { release } from '../pixels/memory.ts';
import type { Move } from './move.ts';
import { doMoves, sizeAfter } from './move.ts';
import { arraysOf, rasterOf, sampleOf } from './sample.ts';

/** Is told of the moves of each transform, and of the image's size before and after them. */
export type Follow = (moves: readonly Move[], from: ImageSize, to: ImageSize) => void;

/**
 * A sample on its way through transforms, with the moves that are yet to be done. What lies between the given sample
 * and the newest one is seen by nobody else, and its memory is given back.
 */
export class Chain {
  readonly #given: Sample;
  #current: Sample;
  #moves: Move[] = [];
  #size: ImageSize;
  readonly #follow: Follow | undefined;

  constructor(sample: Sample, follow?: Follow) {
    this.#follow = follow;
    this.#given = sample;
    this.#current = sample;
    this.#size = sample.image;
  }

  /** Once all moves are done. */
  get size(): ImageSize {
    return this.#size;
  }

  get channels(): number {
    return this.#current.image.channels;
  }

  /** @param moves of one transform. */
  add(moves: readonly Move[]): void {
    const from = this.#size;
    for (const move of moves) {
      this.#moves.push(move);
      this.#size = sizeAfter(this.#size, move);
    }
    // Now: doing the moves gives their tables back.
    this.#follow?.(moves, from, this.#size);
  }

  /** The sample with all moves done. */
  async sample(): Promise<Sample> {
    if (this.#moves.length > 0) {
      const moves = this.#moves;
      this.#moves = [];
      this.#become(sampleOf(await doMoves(rasterOf(this.#current), moves), this.#current));
    }
    return this.#current;
  }

  /** Goes on with what a transform made of the sample. */
  replace(sample: Sample): void {
    this.#become(sample);
    this.#size = sample.image;
  }

  #become(next: Sample): void {
    const previous = this.#current;
    this.#current = next;
    if (next === previous) return;
    release(arraysOf(previous), [...arraysOf(next), ...arraysOf(this.#given)]);
  }
}
