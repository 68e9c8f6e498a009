/** Three grey pictures as the channels of one, interleaved. */
export function stackChannels(planes: readonly [Uint8Array, Uint8Array, Uint8Array]): Uint8Array {
  const stacked = new Uint8Array(3 * planes[1].length);
  for (const [channel, plane] of planes.entries()) {
    for (let i = 0; i < plane.length; i++) stacked[3 * i + channel] = plane[i]!;
  }
  return stacked;
}
