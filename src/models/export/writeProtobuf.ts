import { writeAtomic } from '../../core/atomicFile.ts';
import { PhalanxError } from '../../core/errors.ts';
import { byteCount } from '../../core/protobuf.ts';
import type { Fields } from '../../core/protobuf.ts';

/** Readers of protobuf take no message that is larger. */
const largest = 2 ** 31 - 1;

/** @throws PhalanxError `export/size`, `file/write` */
export async function writeProtobuf(path: string, fields: Fields): Promise<void> {
  const bytes = byteCount(fields);
  if (bytes > largest) {
    throw new PhalanxError('export/size', {
      what: 'The model is too large for one file of this format',
      where: path,
      expected: 'less than 2 GB',
      received: `${(bytes / 1e9).toFixed(1)} GB`,
      fix: 'Export it as .safetensors',
    });
  }
  await writeAtomic(path, async (file) => {
    for (const field of fields) await file.write(field);
  });
}
