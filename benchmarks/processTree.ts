import { readFileSync, readdirSync } from 'node:fs';

/**
 * Memory of a process and all that it started: the sum of proportional set sizes, so that a shared page counts once.
 *
 * @param bytesIn What counts of a process, from the text of its `smaps_rollup`.
 */
export function treeBytes(root: number, bytesIn = proportionalBytes): number {
  let bytes = 0;
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    try {
      bytes += bytesIn(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
        if (children !== '') open.push(...children.split(' ').map(Number));
      }
    } catch {
      // It ended meanwhile.
    }
  }
  return bytes;
}

/** From the text of `smaps_rollup`. */
export function proportionalBytes(rollup: string): number {
  return 1024 * Number(/^Pss:\s*(\d+) kB$/m.exec(rollup)?.[1] ?? 0);
}

/** The same without pages of mapped files, which the system can take back at any time. */
export function ownBytes(rollup: string): number {
  return ['Anon', 'Shmem'].reduce(
    (sum, kind) => sum + 1024 * Number(new RegExp(`^Pss_${kind}:\\s*(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0),
    0,
  );
}

/** Watches a process tree from now on. */
export class MemoryWatch {
  #peak: number;
  readonly #timer: NodeJS.Timeout;

  constructor(root: number, everyMilliseconds = 250, bytesIn = proportionalBytes) {
    this.#peak = treeBytes(root, bytesIn);
    this.#timer = setInterval(() => {
      this.#peak = Math.max(this.#peak, treeBytes(root, bytesIn));
    }, everyMilliseconds);
  }

  /** The most that was seen, in bytes. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#peak;
  }
}
