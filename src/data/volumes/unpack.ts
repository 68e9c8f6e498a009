import { createGunzip, createInflate } from 'node:zlib';

/** Deflate makes a run of bytes at most this much smaller. */
const maxRatio = 1040;

/**
 * Unpacks the first `size` bytes; what is packed beyond them is never unpacked.
 *
 * @throws Error when there are fewer.
 */
export async function unpack(packed: Buffer, kind: 'gzip' | 'zlib', size: number): Promise<Buffer> {
  // Before any memory is taken for what cannot be there.
  if (size > packed.length * maxRatio + 4096)
    throw new Error(`${packed.length} bytes that cannot unpack to ${size}`);
  const bytes = Buffer.allocUnsafeSlow(size);
  const stream =
    kind === 'gzip' ? createGunzip({ chunkSize: 2 ** 18 }) : createInflate({ chunkSize: 2 ** 18 });
  stream.end(packed);
  let filled = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    filled += chunk.copy(bytes, filled);
    if (filled === size) break;
  }
  if (filled < size) throw new Error(`${filled} unpacked bytes where ${size} belong`);
  return bytes;
}
