/**
 * Memory of images and label planes, used again. A fresh megabyte costs more than a fast kernel does: the system
 * clears it page by page, and the garbage collector returns it late.
 */

/** Buffers that came from here; nothing else is ever taken back. */
const owned = new WeakSet<ArrayBufferLike>();
/** Buffers to hand out again, by size in bytes; the oldest size first. */
const free = new Map<number, ArrayBuffer[]>();
let freeBytes = 0;

const smallest = 1 << 14;
/** Most bytes that are kept for later. */
const limit = 256 * 2 ** 20;

/** Bytes with whatever content, for a kernel that writes all of them. */
export function uninitialized(length: number): Uint8Array {
  return new Uint8Array(take(length), 0, length);
}

/** As `uninitialized`, for label planes. */
export function uninitializedPlanes(count: number, length: number): Uint32Array[] {
  return Array.from({ length: count }, () => new Uint32Array(take(4 * length), 0, length));
}

/** As `uninitialized`, for maps of coordinates. */
export function uninitializedFloats(length: number): Float32Array {
  return new Float32Array(take(4 * length), 0, length);
}

type Pixels = Uint8Array | Uint32Array | Int32Array | Float32Array;

/**
 * Gives memory back for the next `uninitialized`. The caller must hold the only reference to these arrays; arrays
 * from elsewhere are left alone, and so are those that share memory with one of `except`.
 */
export function release(arrays: readonly Pixels[], except: readonly Pixels[] = []): void {
  for (const { buffer } of arrays) {
    if (!owned.has(buffer) || except.some((other) => other.buffer === buffer)) continue;
    // No longer owned, so that giving it back twice cannot hand it out twice.
    owned.delete(buffer);
    if (buffer.byteLength < smallest || buffer.byteLength > limit) continue;
    const sameSize = free.get(buffer.byteLength) ?? [];
    free.delete(buffer.byteLength);
    free.set(buffer.byteLength, sameSize);
    sameSize.push(buffer as ArrayBuffer);
    freeBytes += buffer.byteLength;
  }
  for (const [size, buffers] of free) {
    while (freeBytes > limit && buffers.length > 0) {
      buffers.pop();
      freeBytes -= size;
    }
    if (buffers.length === 0) free.delete(size);
    if (freeBytes <= limit) break;
  }
}

function take(bytes: number): ArrayBuffer {
  const buffers = free.get(bytes);
  let buffer = buffers?.pop();
  if (buffer === undefined) {
    // allocUnsafeSlow() does not clear, and its buffer is not part of a pool.
    buffer = Buffer.allocUnsafeSlow(bytes).buffer;
  } else {
    freeBytes -= bytes;
  }
  owned.add(buffer);
  return buffer;
}
