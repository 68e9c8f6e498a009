import { Random } from '../../src/core/random.ts';
import type { Batch } from '../../src/data/batch.ts';

/** Noise for images and a rectangle per class for labels: what the values are costs nothing. */
export function testBatch(batch: number, size: number, classes: number): Batch {
  const random = Random.from('benchmark', 'batch');
  const images = Uint8Array.from({ length: batch * size * size * 3 }, () => random.integer(0, 256));
  const labels = new Int32Array(batch * size * size);
  for (let image = 0; image < batch; image++) {
    for (let c = 0; c < classes; c++) {
      const [left, top] = [random.integer(0, size - 64), random.integer(0, size - 64)];
      for (let y = top; y < top + 64; y++) {
        for (let x = left; x < left + 32; x++) labels[(image * size + y) * size + x]! |= 1 << c;
      }
    }
  }
  return {
    ids: Array.from({ length: batch }, (_, index) => String(index)),
    images,
    imageShape: [batch, size, size, 3],
    labels,
    labelShape: [batch, size, size, 1],
  };
}
