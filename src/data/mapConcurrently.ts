import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';

/** How many samples are worked on at once where nothing else is asked for. */
export const defaultConcurrency = Math.max(2, availableParallelism());

/** Items that are finished, of how many. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

export interface ConcurrencyOptions {
  /** Most items in work at any time. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each finished item. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Maps items in bounded concurrency, results in the order of the items. After the first failure, or once aborted, no
 * further item is started; the promise settles only when nothing is left running.
 *
 * @throws what `work` threw first, or the signal's reason.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  { concurrency = defaultConcurrency, signal, onProgress }: ConcurrencyOptions = {},
): Promise<Result[]> {
  const limit = pLimit(concurrency);
  const results: Result[] = [];
  let failure: { readonly thrown: unknown } | undefined;
  let done = 0;
  const step = async (item: Item, index: number): Promise<void> => {
    if (failure !== undefined) return;
    try {
      signal?.throwIfAborted();
      results[index] = await work(item, index);
      onProgress?.({ done: ++done, total: items.length });
    } catch (thrown) {
      failure ??= { thrown };
    }
  };
  await Promise.all(items.map((item, index) => limit(step, item, index)));
  if (failure !== undefined) throw failure.thrown;
  return results;
}
