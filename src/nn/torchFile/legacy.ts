import { MAX_PICKLE_BYTES } from './archive.ts';
import type { OpenedTorchFile } from './archive.ts';
import { malformed, refused } from './defect.ts';
import { PickleDict, unpickle } from './pickle.ts';
import type { PickleValue } from './pickle.ts';
import type { Source } from './source.ts';
import { TorchResolver } from './tensors.ts';
import type { Storage } from './tensors.ts';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
const COUNT_BYTES = 8;

/**
 * Opens the format before PyTorch 1.6: pickles of a magic number, a version, the machine, the object and the keys of
 * its storages, then per storage its count of elements and its numbers.
 */
export async function openLegacy(source: Source): Promise<OpenedTorchFile> {
  const bytes = await source.read(0, Math.min(source.size, MAX_PICKLE_BYTES));
  const resolver = new TorchResolver(source.path);
  let at = 0;
  const next = (): PickleValue => {
    const { value, end } = unpickle(bytes, at, source.path, resolver);
    at = end;
    return value;
  };
  if (next() !== MAGIC) throw refused(source.path, 'a pickle that torch.save did not write');
  const version = next();
  if (version !== VERSION) throw malformed(source.path, `version ${VERSION} of its format`, 'another');
  const machine = next();
  if (!(machine instanceof PickleDict) || machine.entries.get('little_endian') !== true) {
    throw refused(source.path, 'numbers of another byte order than little-endian');
  }
  const value = next();
  const starts = await placesOf(next(), resolver.storages, at, source);
  return {
    value,
    readStorage: async (storage) => {
      const start = starts.get(storage);
      if (start === undefined) throw malformed(source.path, 'numbers for every tensor', 'none for one');
      return source.read(start, storage.bytes);
    },
  };
}

async function placesOf(
  keys: PickleValue,
  storages: ReadonlyMap<string, Storage>,
  start: number,
  source: Source,
): Promise<ReadonlyMap<Storage, number>> {
  const starts = new Map<Storage, number>();
  let at = start;
  for (const key of Array.isArray(keys) ? keys : []) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined || starts.has(storage)) {
      throw malformed(source.path, 'the key of each storage once', 'another');
    }
    const count = new DataView((await source.read(at, COUNT_BYTES)).buffer).getBigInt64(0, true);
    if (count !== BigInt(storage.elements)) {
      throw malformed(source.path, `${storage.elements} elements of a storage`, count.toString());
    }
    starts.set(storage, at + COUNT_BYTES);
    at += COUNT_BYTES + storage.bytes;
  }
  return starts;
}
