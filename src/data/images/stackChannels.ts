/** Grey pictures of one size as the channels of one, interleaved. */
export function stackChannels(planes: readonly Uint8Array[]): Uint8Array {
  const channels = planes.length;
  const stacked = new Uint8Array(channels * planes[0]!.length);
  for (const [channel, plane] of planes.entries()) {
    for (let i = 0, to = channel; i < plane.length; i++, to += channels) stacked[to] = plane[i]!;
  }
  return stacked;
}
