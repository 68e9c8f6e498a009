/** CRC-32C (RFC 3720) of the parts one after the other; the twin of the native `checksum`. */
export function plainChecksum(parts: readonly Uint8Array[]): number {
  let crc = 0xffffffff;
  for (const part of parts) {
    for (const byte of part) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

/** The twin of the native `unpackSample`. */
export function plainUnpackSample(
  parts: readonly Uint8Array[],
  checksum: number,
  words: Uint32Array,
  planes: readonly Uint32Array[],
  pixels: number,
): boolean {
  if (plainChecksum(parts) !== checksum) return false;
  let next = 0;
  for (const plane of planes) {
    const stretches = words[next++] ?? Infinity;
    if (stretches > (words.length - next) / 2) return false;
    let filled = 0;
    for (let i = 0; i < stretches; i++) {
      const [value, length] = [words[next++]!, words[next++]!];
      if (length > pixels - filled) return false;
      plane.fill(value, filled, (filled += length));
    }
    if (filled !== pixels) return false;
  }
  return next === words.length;
}
