/** How fast a prediction is, and what it needs. */
export interface Rates {
  /** Images times models. */
  readonly imagesPerSecond: number;
  /** Millions of pixels that logits were written for, times models. */
  readonly megapixelsPerSecond: number;
  readonly secondsLeft: number;
  /** Memory of the process. */
  readonly residentBytes: number;
}

/** Counts the files of a prediction. */
export class Throughput {
  readonly #start = performance.now();
  readonly #kept: number;
  readonly #total: number;
  #written = 0;
  #told = 0;
  #bytes = 0;
  #pixels = 0;

  /** @param kept Files that were there before. */
  constructor(kept: number, total: number) {
    this.#kept = kept;
    this.#total = total;
  }

  get written(): number {
    return this.#written;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a file. */
  add(bytes: number, pixels: number): void {
    this.#written++;
    this.#bytes += bytes;
    this.#pixels += pixels;
  }

  /** Whether files were written since the last event. */
  moved(): boolean {
    return this.#written > this.#told;
  }

  event(): { type: 'progress'; done: number; total: number; bytes: number } & Rates {
    this.#told = this.#written;
    const seconds = (performance.now() - this.#start) / 1000;
    const imagesPerSecond = this.#written / seconds;
    const done = this.#kept + this.#written;
    return {
      type: 'progress',
      done,
      total: this.#total,
      bytes: this.#bytes,
      imagesPerSecond,
      megapixelsPerSecond: this.#pixels / 1e6 / seconds,
      secondsLeft: this.#written === 0 ? Infinity : (this.#total - done) / imagesPerSecond,
      residentBytes: process.memoryUsage.rss(),
    };
  }
}
