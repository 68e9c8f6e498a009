/**
 * Bytes with whatever content, for a kernel that writes all of them: zeroing a large array costs as much as a fast
 * kernel does.
 */
export function uninitialized(length: number): Uint8Array {
  const buffer = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, length);
}

/** As `uninitialized`, for label planes. */
export function uninitializedPlanes(count: number, length: number): Uint32Array[] {
  return Array.from({ length: count }, () => {
    const buffer = Buffer.allocUnsafeSlow(length * 4);
    return new Uint32Array(buffer.buffer, buffer.byteOffset, length);
  });
}
