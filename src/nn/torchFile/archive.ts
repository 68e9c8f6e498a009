import { MEBIBYTE, malformed, refused } from './defect.ts';
import { unpickle } from './pickle.ts';
import type { PickleValue } from './pickle.ts';
import type { Source } from './source.ts';
import { TorchResolver } from './tensors.ts';
import type { Storage } from './tensors.ts';
import { readZip } from './zip.ts';
import type { ZipEntry } from './zip.ts';

/** The structure of a model with a hundred thousand tensors takes about 20 MiB. */
export const MAX_PICKLE_BYTES = 64 * MEBIBYTE;

/** A file whose pickle has been read and whose numbers have not. */
export interface OpenedTorchFile {
  readonly value: PickleValue;
  readonly readStorage: (storage: Storage) => Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens the format of PyTorch 1.6 and later: an archive of `data.pkl` and one stored entry per storage. */
export async function openArchive(source: Source): Promise<OpenedTorchFile> {
  const entries = await readZip(source);
  const main = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name) || name === 'data.pkl');
  if (main === undefined) throw malformed(source.path, 'an archive with data.pkl', 'one without');
  const root = main.slice(0, -'data.pkl'.length);
  const read = async ({ start, bytes }: ZipEntry, limit: number) => {
    if (bytes > limit) throw malformed(source.path, `at most ${limit} bytes of structure`, `${bytes}`);
    return source.read(start, bytes);
  };
  const order = entries.get(`${root}byteorder`);
  if (order !== undefined) {
    const text = new TextDecoder().decode(await read(order, 16));
    if (text !== 'little') throw refused(source.path, `numbers of byte order ${JSON.stringify(text)}`);
  }
  const pickle = await read(entries.get(main)!, MAX_PICKLE_BYTES);
  const { value } = unpickle(pickle, 0, source.path, new TorchResolver(source.path));
  return {
    value,
    readStorage: async (storage) => {
      const entry = entries.get(`${root}data/${storage.key}`);
      if (entry?.bytes !== storage.bytes) {
        throw malformed(
          source.path,
          `${storage.bytes} bytes of storage ${storage.key.slice(0, 80)}`,
          entry === undefined ? 'none' : `${entry.bytes}`,
        );
      }
      return source.read(entry.start, entry.bytes);
    },
  };
}
