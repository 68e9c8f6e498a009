import { writeAtomic } from '../../core/atomicFile.ts';
import { bytesOf } from '../../core/bytes.ts';
import { PREFIX_BYTES, bytesPerElement, elementCount } from './format.ts';
import type { StateDict } from './format.ts';

/** So that a reader may map the file and find every element aligned. */
const ALIGNMENT = 8;

/**
 * Writes tensors to a `.safetensors` file, one after the other, in place of an older one only when complete.
 * Wide elements come first, as the format's own writer does it, so that every tensor is aligned.
 *
 * @throws PhalanxError `file/write` when the disk is full or the place cannot be written.
 */
export async function writeSafetensors(
  path: string,
  tensors: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ordered = [...tensors].sort(([, a], [, b]) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype]);
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(['__metadata__', metadata]);
  let position = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (elementCount(shape) !== data.length) {
      throw new Error(`Tensor ${name} has ${data.length} values, but its shape is [${shape.join(', ')}]`);
    }
    entries.push([name, { dtype, shape, data_offsets: [position, position + data.byteLength] }]);
    position += data.byteLength;
  }
  // fromEntries keeps a tensor called `__proto__` an ordinary key.
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(PREFIX_BYTES + Math.ceil(text.length / ALIGNMENT) * ALIGNMENT, ' ');
  header.writeBigUInt64LE(BigInt(header.length - PREFIX_BYTES), 0);
  text.copy(header, PREFIX_BYTES);
  await writeAtomic(path, async (file) => {
    await file.writeFile(header);
    for (const [, { data }] of ordered) {
      await file.writeFile(bytesOf(data));
    }
  });
}
