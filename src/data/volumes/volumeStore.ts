import { readVolume } from './anyVolume.ts';
import type { VolumeLimits } from './anyVolume.ts';
import type { Volume } from './volume.ts';

/** Most bytes of volumes that are kept in memory besides the one that was read last. */
const keptBytes = 2 ** 29;

/** Volumes that were read lately: the slices of one are asked for one after the other. */
export class VolumeStore {
  readonly #limits: VolumeLimits;
  /** The one that was used last comes last. */
  readonly #volumes = new Map<string, Promise<Volume>>();
  readonly #bytes = new Map<string, number>();

  constructor(limits: VolumeLimits) {
    this.#limits = limits;
  }

  /** @throws PhalanxError as `readVolume`. */
  async get(path: string): Promise<Volume> {
    const known = this.#volumes.get(path);
    const volume = known ?? readVolume(path, this.#limits);
    this.#volumes.delete(path);
    this.#volumes.set(path, volume);
    try {
      const loaded = await volume;
      if (this.#volumes.get(path) === volume) this.#bytes.set(path, loaded.data.byteLength);
      this.#forget();
      return loaded;
    } catch (error) {
      // A file that could not be read may be there the next time.
      this.#drop(path);
      throw error;
    }
  }

  #forget(): void {
    let total = [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    for (const path of this.#volumes.keys()) {
      const bytes = this.#bytes.get(path);
      if (total <= keptBytes || this.#volumes.size === 1) return;
      // Without a size it is still being read.
      if (bytes === undefined) continue;
      total -= bytes;
      this.#drop(path);
    }
  }

  #drop(path: string): void {
    this.#volumes.delete(path);
    this.#bytes.delete(path);
  }
}
