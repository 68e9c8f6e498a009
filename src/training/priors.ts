/**
 * The share of foreground pixels of each class over all images, in [0, 1]; what an untrained model should predict, so
 * that it does not begin by learning "nothing".
 *
 * @param areas Of each image: pixels of each class, `[classes]`.
 * @param pixels Of an image.
 */
export function classPriors(areas: readonly ArrayLike<number>[], pixels: number, classes: number): number[] {
  return Array.from({ length: classes }, (_, index) => {
    const area = areas.reduce((sum, own) => sum + own[index]!, 0);
    return areas.length === 0 ? 0 : area / (pixels * areas.length);
  });
}
