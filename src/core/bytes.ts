/** The bytes behind a view, as a plain `Uint8Array` on the same memory; `slice()` of it copies, of a Buffer not. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
